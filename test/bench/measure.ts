import type { Run } from './rig.ts'

/** Runs `work` twice: to warm up with the first number of records, and measured with the second. */
export async function measured(
  warmup: number,
  records: number,
  work: (records: number) => Promise<void>
): Promise<Run> {
  if (warmup > 0) await work(warmup)
  globalThis.gc?.()
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  await work(records)
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpuBefore)
  return { records, ms, cpu: user + system }
}
