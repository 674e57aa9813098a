import { SingleBar } from 'cli-progress'
import type { Stats } from '../../lib/index.ts'

const grouped = (count: number): string => count.toLocaleString('en-US')

const counts = ({ delivered, stored, retrying }: Stats) => ({
  delivered: grouped(delivered),
  waiting: grouped(retrying),
  stored: grouped(stored)
})

/** Shows how far a job is until the function that it gives is called: a bar on a terminal, else a line every 3 seconds. */
export function showProgress(title: string, total: number, stats: () => Stats): () => void {
  if (!process.stderr.isTTY) {
    const timer = setInterval(() => {
      const { delivered, waiting, stored } = counts(stats())
      console.error(`${title}: ${delivered} delivered, ${waiting} waiting to be retried, ${stored} stored`)
    }, 3_000)
    return () => clearInterval(timer)
  }
  const bar = new SingleBar({
    format: `${title} {bar} {percentage} %  ETA {eta_formatted}  {delivered} delivered, {waiting} to be retried, {stored} stored`,
    barsize: 20
  })
  const update = (): void => bar.update(stats().delivered + stats().stored, counts(stats()))
  bar.start(total, 0, counts(stats()))
  const timer = setInterval(update, 200)
  return () => {
    clearInterval(timer)
    update()
    bar.stop()
  }
}
