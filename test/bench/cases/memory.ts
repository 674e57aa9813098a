import { setTimeout as pause } from 'node:timers/promises'
import { startOracle } from '../../support/oracle.ts'
import { type BenchOptions, printFigure, whole } from '../contest.ts'
import { endpointCore, runClient, startEndpoint } from '../rig.ts'

export const title = 'memory with an endpoint that is dead, and with one that fails and recovers'

const megabytes = (bytes: number): string => `${whole(bytes / 1e6)} MB`

export async function run({ scale }: BenchOptions): Promise<void> {
  await stalled(60 * scale)
  await recovering(1_000_000 * scale)
}

async function stalled(seconds: number): Promise<void> {
  // Longer than the benchmark is never.
  const endpoint = await startEndpoint({ latency: 1e9 })
  const run = await runClient('stalled', { origin: endpoint.origin, seconds, records: 100_000 })
  await endpoint.stop()
  printFigure(
    `1 GB of input, no answers, a storage of 1 s an append, ${seconds} s: peak ${megabytes(run.peak!)} of memory`,
    run.peak! <= 200e6
  )
  printFigure(
    `  of that before the first record ${megabytes(run.before!)}; the source gave ${whole(run.givenHalfway!)} records in`
  )
  printFigure(
    `  the first half and ${whole(run.records - run.givenHalfway!)} in the second; stored ${whole(run.stored!)}, attempts ${whole(run.attempts!)}`
  )
}

async function recovering(records: number): Promise<void> {
  const oracle = await startOracle({ failRate: 0.05 }, endpointCore)
  let over = false
  const running = runClient('recovering', { origin: oracle.origin, records }).finally(() => (over = true))
  for (let second = 1; !over; second++) {
    await pause(1_000)
    if (second % 5 === 0) await oracle.down()
    if (second % 5 === 1) await oracle.up()
  }
  const run = await running
  const { unique, duplicates } = await oracle.stats()
  const { count } = await oracle.missing(records)
  await oracle.close()
  const growth = run.after! / run.before! - 1
  printFigure(
    `${whole(records)} records, 5 % failing, down every 5 s for 1 s: heap ${megabytes(run.before!)} → ${megabytes(run.after!)}, asked within 5 %`,
    growth <= 0.05
  )
  printFigure(
    `  all delivered; at the endpoint ${whole(unique - records / 10)} of them, ${whole(duplicates)} again, ${count} missing; peak ${megabytes(run.peak!)}`
  )
}
