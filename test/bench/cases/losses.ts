import { rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { type Oracle, type OraclePlan, startOracle } from '../../support/oracle.ts'
import { cache } from '../cache.ts'
import { type BenchOptions, whole } from '../contest.ts'
import type { LossSettings } from '../losses.ts'
import { endpointCore, runClient } from '../rig.ts'

export const title = 'what is lost of 20,000 URL records, counted by the endpoint and read back from the storage'

interface LossCase {
  name: string
  /** What StreamPark 2.1.7 on Flink 1.14 was measured to lose, with exit 0 and without a word. */
  original: string
  plan?: OraclePlan
  settings?: Partial<LossSettings>
  /** Milliseconds after the start, and for how long, that the endpoint is down. */
  down?: readonly [number, number]
}

const outage = { settings: { pace: 1_000 }, down: [5_000, 10_000] } as const

const cases: readonly LossCase[] = [
  { name: 'source not throttled, healthy endpoint', original: '17,369' },
  { name: 'endpoint down for 10 s', original: '9,997', ...outage },
  {
    name: 'the same, the failover database not there',
    original: '9,996',
    ...outage,
    settings: { ...outage.settings, deadStorage: true }
  },
  { name: 'every 20th record always 500', original: '1,000', plan: { failEveryId: 20, status: 500 } },
  {
    name: '5 % of the answers 500, no retries',
    original: '980',
    plan: { failRate: 0.05, status: 500 },
    settings: { retries: 0 }
  },
  {
    name: 'answers 202 with successCode 202',
    original: '0, each sent 4 times',
    plan: { success: 202 },
    settings: { successCode: 202 }
  }
]

export async function run({ scale }: BenchOptions): Promise<void> {
  const records = 20_000 * scale
  console.log(`  ${'case'.padEnd(44)}${'original lost'.padEnd(22)}ours: lost  delivered   stored  sent again  seconds`)
  for (const one of cases)
    console.log(`  ${one.name.padEnd(44)}${one.original.padEnd(22)}${await judged(one, records)}`)
}

async function judged({ plan, settings, down }: LossCase, records: number): Promise<string> {
  const oracle = await startOracle(plan, endpointCore)
  const path = `${cache}losses-${process.pid}`
  rmSync(path, { recursive: true, force: true })
  const outage = down === undefined ? undefined : failing(oracle, down)
  const { ms } = await runClient('lose', { origin: oracle.origin, records, path, ...settings })
  await outage
  const stored = await storedIds(path)
  const { ids: missing } = await oracle.missing(records, '', records)
  const { unique, duplicates } = await oracle.stats()
  await oracle.close()
  rmSync(path, { recursive: true, force: true })
  const lost = missing.filter(id => !stored.has(id)).length
  const columns = [whole(lost).padStart(10), whole(unique).padStart(11), whole(stored.size).padStart(9)]
  return `${columns.join('')}${whole(duplicates).padStart(12)}${(ms / 1_000).toFixed(1).padStart(9)}`
}

async function failing(oracle: Oracle, [after, during]: readonly [number, number]): Promise<void> {
  await pause(after)
  await oracle.down()
  await pause(during)
  await oracle.up()
}

/** What a user would find in the storage afterwards. */
async function storedIds(path: string): Promise<Set<string>> {
  const storage = new FileStorage({ path })
  const ids = new Set<string>()
  for await (const { envelope } of storage.read()) {
    for (const record of envelope.records) ids.add(String((JSON.parse(record as string) as { id: unknown }).id))
  }
  await storage.close()
  return ids
}
