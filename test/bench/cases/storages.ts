import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Delivery } from '../../../lib/delivery.ts'
import { FailoverWritable } from '../../../lib/failover-writable.ts'
import { storageFrom } from '../../../lib/storage/registry.ts'
import type { Storage } from '../../../lib/storage/storage.ts'
import { addressOf, stopServers } from '../../support/servers/service.ts'
import { type BenchOptions, median, printFigure, whole } from '../contest.ts'
import { refusedDeliveries } from '../group-commit.ts'
import { storageBenches } from '../storages/all.ts'
import type { BareDriver, StorageBench } from '../storages/storage-bench.ts'

export const title = 'each storage beside its driver alone: batches of 1,000 entries of 200 bytes'

const batchSize = 1_000
const batchesARound = 10
/** Below this no storage may slow down a stream that fails over. */
const askedRate = 20_000

export async function run({ rounds, scale, storage }: BenchOptions): Promise<void> {
  const benches = storageBenches.filter(
    ({ service }) => storage === undefined || service.name.toLowerCase() === storage.toLowerCase()
  )
  if (benches.length === 0) throw new Error(`There is no storage ${storage} to measure.`)
  for (const bench of benches) await measure(bench, rounds, Math.max(2, Math.round(batchesARound * scale)))
  await stopServers()
}

async function measure(bench: StorageBench, rounds: number, batches: number): Promise<void> {
  const address = await addressOf(bench.service, 'work')
  const name = `bench_${randomBytes(4).toString('hex')}`
  const storage = storageFrom(bench.options(address, name))
  const bare = await bench.bare(address, `${name}_bare`)
  try {
    await storage.open()
    const appends = await inTurn(rounds, () => appendRound(storage, bare, batches))
    const reads = await inTurn(rounds, () => readRound(storage, bare))
    print(`${bench.service.name}: append`, appends, 0.85)
    print(`${bench.service.name}: read`, reads, 0.7)
    if (bench.failsOverQuickly) await failOver(bench.service.name, storage, batches)
    await removeAll(storage)
  } finally {
    await storage.close()
    await bare.close()
  }
}

interface Round {
  /** Entries a second. */
  readonly ours: number
  readonly bare: number
}

/** So many rounds after one that only warms up. */
async function inTurn(rounds: number, round: () => Promise<Round>): Promise<Round[]> {
  await round()
  const results: Round[] = []
  for (let i = 0; i < rounds; i++) results.push(await round())
  return results
}

async function appendRound(storage: Storage, bare: BareDriver, batches: number): Promise<Round> {
  const entries = batches * batchSize
  const groups = inBatches(refusedDeliveries(entries))
  const prepared = inBatches(refusedDeliveries(entries)).map(batch => bare.prepared(batch))
  return inEitherOrder(
    () =>
      rateOf(entries, async () => {
        for (const group of groups) await storage.append(group)
      }),
    () =>
      rateOf(entries, async () => {
        for (const batch of prepared) await bare.append(batch)
      })
  )
}

async function readRound(storage: Storage, bare: BareDriver): Promise<Round> {
  let [ours, theirs] = [0, 0]
  const seconds = await inEitherOrder(
    () =>
      secondsOf(async () => {
        // A replay looks into each envelope, so parsing is a part of reading.
        for await (const { envelope } of storage.read()) ours += envelope.records.length
      }),
    () =>
      secondsOf(async () => {
        theirs = await bare.read()
      })
  )
  if (ours !== theirs) throw new Error(`The storage gave ${ours} entries, the driver ${theirs}.`)
  return { ours: ours / seconds.ours, bare: theirs / seconds.bare }
}

let isOursFirst = false

/** Who is first finds the processor and the disk as the other one left them: they take turns. */
async function inEitherOrder(ours: () => Promise<number>, bare: () => Promise<number>): Promise<Round> {
  isOursFirst = !isOursFirst
  if (isOursFirst) return { ours: await ours(), bare: await bare() }
  const first = await bare()
  return { ours: await ours(), bare: first }
}

async function failOver(name: string, storage: Storage, batches: number): Promise<void> {
  const entries = 4 * batches * batchSize
  const rate = await rateOf(entries, () =>
    pipeline(Readable.from(refusedDeliveries(entries)), new FailoverWritable({ storage }))
  )
  printFigure(`${name}: FailoverWritable ${whole(rate)} a second, asked ≥ ${whole(askedRate)}`, rate >= askedRate)
}

async function removeAll(storage: Storage): Promise<void> {
  const group = []
  for await (const entry of storage.read({ claim: true }))
    if (group.push(entry) === batchSize) await storage.remove(group.splice(0))
  await storage.remove(group)
}

function print(what: string, rounds: readonly Round[], asked: number): void {
  const ratios = rounds.map(({ ours, bare }) => ours / bare)
  const middle = median(ratios)
  const spread = `(${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`
  const rates = `${whole(median(rounds.map(({ ours }) => ours)))} a second, driver ${whole(median(rounds.map(({ bare }) => bare)))}`
  printFigure(`${what}: ${rates}: ${middle.toFixed(2)} ${spread}, asked ≥ ${asked}`, middle >= asked)
}

async function rateOf(entries: number, work: () => Promise<void>): Promise<number> {
  return entries / (await secondsOf(work))
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1_000
}

function inBatches(deliveries: readonly Delivery[]): Delivery[][] {
  const batches: Delivery[][] = []
  for (let i = 0; i < deliveries.length; i += batchSize) batches.push(deliveries.slice(i, i + batchSize))
  return batches
}
