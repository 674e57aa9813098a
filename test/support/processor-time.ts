/** Milliseconds that the processor works for a task: what other programs take meanwhile does not count. */
export function processorTime(task: () => void): number {
  const before = process.cpuUsage()
  task()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
