import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Stats } from '../../../lib/account.ts'
import { FailoverWritable } from '../../../lib/failover-writable.ts'
import { HttpWritable } from '../../../lib/http-writable.ts'
import { JournalTransform } from '../../../lib/journal-transform.ts'
import { replay } from '../../../lib/replay.ts'
import { RetryTransform } from '../../../lib/retry-transform.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import type { Storage } from '../../../lib/storage/storage.ts'
import { StorageUnion } from '../../../lib/storage/storage-union.ts'
import { seededRandom } from '../../support/fault.ts'
import { provenRecord } from '../../support/proven-record.ts'
import { say } from '../../support/say.ts'
import { taskGiven } from '../support/warm-child.ts'
import type { ChaosTask } from './chaos-task.ts'
import { FaultyStorage } from './faulty-storage.ts'

// Sends the records from `from` on, and says how many are safe. Its storages misbehave.

const { url, folder, seed, from, records, faulty, retries, replay: isReplay } = await taskGiven<ChaosTask>()
const random = seededRandom(seed)

const http = new HttpWritable({ url, numWriters: 16, batchSize: 100, queueCapacity: 4_000, timeout: 800 })
const retry = new RetryTransform({ retries, minDelay: 5, maxDelay: 100, queueCapacity: 4_000 })
const [first, fallback] = ['failover', 'fallback'].map(name => on(name)) as [Storage, Storage]
const failover = new FailoverWritable({ storage: first, fallback: { storage: fallback }, moveBack: !isReplay })
const law = setInterval(() => check(http.stats()), 20)

if (isReplay) await replays()
else await runs()
clearInterval(law)
check(http.stats())
await Promise.all([first.close(), fallback.close()])
say(`stats ${JSON.stringify(http.stats())}`)
process.exit(0)

function on(name: string): Storage {
  const storage = new FileStorage({ path: join(folder, name), segmentBytes: 1024 * 1024 })
  // One of the two always takes what the other refuses.
  const moods = ['well', 'well', 'well', 'fails', 'fails after it stored', 'stalls'] as const
  if (!faulty) return storage
  return name === 'failover' ? new FaultyStorage(storage, random) : new FaultyStorage(storage, random, moods)
}

async function replays(): Promise<void> {
  const source = replay(new StorageUnion([first, fallback]))
  await pipeline(source, http, retry, failover)
  await Promise.all([source, http, retry, failover].map(stream => stream.settled()))
}

async function runs(): Promise<void> {
  const storage = new FileStorage({ path: join(folder, 'journal'), segmentBytes: 4 * 1024 * 1024 })
  const journal = new JournalTransform({ storage })
  const through = pipeline(journal, http, retry, failover)
  await Promise.all([write(journal), through])
  await Promise.all([journal, http, retry, failover].map(stream => stream.settled()))
  await storage.close()
}

async function write(journal: JournalTransform): Promise<void> {
  const safe = new Set<number>()
  let kept = from
  let told = from
  const keep = (index: number): void => {
    safe.add(index)
    while (safe.delete(kept)) kept++
  }
  const telling = setInterval(() => {
    if (kept > told) say(`kept ${(told = kept)}`)
  }, 5)
  for (let index = from; index < records; index++) {
    const goesOn = journal.write(provenRecord(String(index)), error => error ?? keep(index))
    if (!goesOn) await new Promise(resolve => journal.once('drain', resolve))
  }
  await new Promise<void>(resolve => journal.end(resolve))
  clearInterval(telling)
  say(`kept ${kept}`)
}

function check(stats: Stats): void {
  const { accepted, waiting, inFlight, retrying, storing, delivered, stored, abandoned, handedBack } = stats
  const known = waiting + inFlight + retrying + storing + delivered + stored + abandoned + handedBack
  if (accepted === known && abandoned === 0 && Object.values(stats).every(count => count >= 0)) return
  process.stderr.write(`the account does not add up: ${JSON.stringify(stats)}\n`)
  process.exit(1)
}
