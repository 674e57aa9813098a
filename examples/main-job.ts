/**
 * What becomes of 200,000 records when the endpoint fails now and then, and is down for some seconds in the middle?
 *
 * `npm start`. Real flight records go through the one line of the README to an endpoint in another process, and what had to be
 * stored is replayed. The endpoint counts by the records' ids what it got: the job ends well only if it misses none.
 */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import chain from 'stream-chain'
import { parser } from 'stream-json'
import { type StreamArrayItem, streamArray } from 'stream-json/streamers/stream-array.js'
// In your own project: from 'spillway'.
import { FailoverWritable, HttpWritable, replay, RetryTransform, type Stats } from '../lib/index.ts'
import { CountingEndpoint, type Report } from './support/counting-endpoint-process.ts'
import { showProgress } from './support/show-progress.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const records = 200_000
const failing = 0.03
const downAfter = records / 2
const downFor = 6_000
// Three retries within a second or so: shorter than it is down, so that some have to be stored.
const retries = { retries: 3, minDelay: 200 }

process.once('SIGINT', () => process.exit(130))
const path = temporaryFolder()
const file = new URL('../data/flights-200k.json', import.meta.resolve('vega-datasets'))
const endpoint = await CountingEndpoint.start(failing)
console.log(`${grouped(records)} flight records to ${endpoint.url}, which answers 503 to ${100 * failing} % of the requests
and is down for ${downFor / 1000} s once it has half of them. What it does not take goes to ${path}.\n`)

const started = performance.now()
const first = await run('first run', records, http =>
  pipeline(
    createReadStream(file),
    chain([parser(), streamArray(), ({ key, value }: StreamArrayItem) => ({ id: key, ...(value as object) })]),
    http,
    new RetryTransform(retries),
    new FailoverWritable({ storage: 'file', path })
  )
)
const seconds = (performance.now() - started) / 1000

// A replay may have to store again, so it is repeated until nothing is left.
const replays: Stats[] = []
for (let left = first.stored; left > 0; left = replays.at(-1)!.stored) {
  replays.push(
    await run('replay   ', left, http =>
      pipeline(
        replay({ storage: 'file', path }),
        http,
        new RetryTransform(retries),
        new FailoverWritable({ storage: 'file', path })
      )
    )
  )
}

const report = await endpoint.report(records)
await endpoint.close()
print(first, replays, report)
if (report.missing > 0 || report.unknown > 0) process.exitCode = 1

async function run(title: string, total: number, deliver: (http: HttpWritable) => Promise<void>): Promise<Stats> {
  const http = new HttpWritable({ url: endpoint.url })
  const end = showProgress(title, total, () => http.stats())
  const timer = setInterval(() => {
    if (http.stats().delivered < downAfter) return
    clearInterval(timer)
    endpoint.hangUp(downFor)
  }, 10)
  await deliver(http)
  clearInterval(timer)
  end()
  return http.stats()
}

function print(first: Stats, replays: readonly Stats[], { missing, again, refused }: Report): void {
  const all = [first, ...replays]
  const sum = (name: keyof Stats): number => all.reduce((sum, stats) => sum + stats[name], 0)
  const rows: ReadonlyArray<readonly [string, string, string]> = [
    ['accepted', grouped(first.accepted), 'records that were read'],
    ['delivered', grouped(sum('delivered')), `${grouped(first.delivered)} of them in the first run`],
    ['retried', grouped(sum('retries')), `requests; the endpoint answered 503 to ${grouped(refused)}`],
    ['stored', grouped(first.stored), 'while it was down'],
    [
      'replayed',
      grouped(sum('delivered') - first.delivered),
      `in ${replays.length} replay${replays.length === 1 ? '' : 's'}`
    ],
    ['sent twice', grouped(again), 'an answer got lost when it went down; each with its key'],
    ['lost', grouped(missing), 'as the endpoint counts, by the ids'],
    [
      'records a second',
      grouped(Math.round(records / seconds)),
      `first run, ${seconds.toFixed(1)} s, the time down included`
    ],
    ['peak memory', `${Math.round(process.resourceUsage().maxRSS / 1024)} MB`, 'resident']
  ]
  console.log()
  for (const [name, value, note] of rows) console.log(`${name.padEnd(17)}${value.padStart(9)}   ${note}`)
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
