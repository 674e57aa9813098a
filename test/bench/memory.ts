import { pipeline } from 'node:stream/promises'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import { RetryTransform } from '../../lib/retry-transform.ts'
import type { Delivery } from '../../lib/delivery.ts'
import type { Entry, Storage } from '../../lib/storage/storage.ts'
import { type OursSettings, sendOurs, source } from './ours.ts'
import { record, recordOf } from './records.ts'
import type { Run } from './rig.ts'

/** Takes a second for each append, and keeps nothing of it: what is measured is our memory, not its. */
class SlowStorage implements Storage {
  stored = 0

  async open(): Promise<void> {}

  async append(deliveries: readonly Delivery[]): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, 1_000))
    this.stored += deliveries.length
  }

  async *read(): AsyncGenerator<Entry> {}
  async remove(): Promise<void> {}
  async close(): Promise<void> {}
}

/** 1 GB of input, an endpoint that never answers, a slow storage, for so many seconds. */
export async function stalled({
  origin,
  seconds,
  records
}: {
  origin: string
  seconds: number
  records: number
}): Promise<Run> {
  const before = process.memoryUsage.rss()
  const storage = new SlowStorage()
  const http = new HttpWritable({ url: `${origin}/sink`, timeout: 1_000 })
  const failover = new FailoverWritable({ storage })
  const given = source(records, recordOf(10_000))
  const through = pipeline(given, http, new RetryTransform(), failover).catch(() => undefined)
  const start = performance.now()
  let peak = 0
  let givenHalfway = 0
  while (performance.now() - start < seconds * 1_000) {
    await new Promise(resolve => setTimeout(resolve, 50))
    peak = Math.max(peak, process.memoryUsage.rss())
    if (givenHalfway === 0 && performance.now() - start > seconds * 500) givenHalfway = given.given
  }
  const { given: count } = given
  const { attempts, stored } = http.stats()
  given.destroy()
  await through
  const ms = performance.now() - start
  return { records: count, ms, cpu: 0, before, peak, givenHalfway, attempts, stored }
}

/** So many records through an endpoint that fails and recovers; the heap before, when as many were sent once, and after. */
export async function recovering({ origin, records }: OursSettings & { records: number }): Promise<Run> {
  const retry = { retries: 1_000, minDelay: 10, maxDelay: 500 }
  const settings = { origin, http: { timeout: 2_000 }, retry }
  await sendOurs(
    settings,
    records / 10,
    source(records / 10, id => record(records + id))
  )
  const before = await quietHeap()
  const start = performance.now()
  await sendOurs(settings, records)
  const ms = performance.now() - start
  return { records, ms, cpu: 0, before, after: await quietHeap(), peak: peakRss() }
}

/** The whole line over so many records, with the peak and what is left of the heap. */
export async function growing(settings: OursSettings & { warmup: number; records: number }): Promise<Run> {
  await sendOurs(settings, settings.warmup)
  const start = performance.now()
  const cpu = process.cpuUsage()
  await sendOurs(settings, settings.records)
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  return { records: settings.records, ms, cpu: user + system, peak: peakRss(), heap: await quietHeap() }
}

/** Bytes in use once everything that can be collected is. */
async function quietHeap(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.()
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return process.memoryUsage().heapUsed
}

const peakRss = (): number => process.resourceUsage().maxRSS * 1_024
