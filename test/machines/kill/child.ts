import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { FailoverWritable } from '../../../lib/failover-writable.ts'
import { HttpWritable } from '../../../lib/http-writable.ts'
import { JournalTransform } from '../../../lib/journal-transform.ts'
import { replay } from '../../../lib/replay.ts'
import { RetryTransform } from '../../../lib/retry-transform.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import type { Storage } from '../../../lib/storage/storage.ts'
import { failedDelivery } from '../../support/deliveries.ts'
import { provenRecord } from '../../support/proven-record.ts'
import { say } from '../../support/say.ts'
import { taskGiven } from '../support/warm-child.ts'
import { type KillTask, limits } from './kill-task.ts'

// Delivers, until it is killed: `kept N` says that the records `<prefix>0` to `<prefix>N-1` are safe.

const { url, folder, prefix, records, work, retries, passes, batchSize, sync } = await taskGiven<KillTask>()

const http = (): HttpWritable =>
  new HttpWritable({ url, numWriters: limits.underWay, queueCapacity: limits.waiting, timeout: 2_000, batchSize })
const retry = (): RetryTransform => new RetryTransform({ retries, minDelay: 1, maxDelay: 4 })

const storage = new FileStorage({ path: join(folder, 'failover'), segmentBytes: 4096 })
if (work === 'replay') await replays()
else await journals()
await storage.close()
say('done')
process.exit(0)

async function replays(): Promise<void> {
  const appending = append(storage)
  for (let pass = 0; pass < passes; pass++) {
    const source = replay(storage)
    const streams = [http(), retry(), new FailoverWritable({ storage })] as const
    await pipeline(source, ...streams)
    await Promise.all([source, ...streams].map(stream => stream.settled()))
  }
  await appending
}

async function append(storage: Storage): Promise<void> {
  for (let kept = 0; kept < records;) {
    const ids = Array.from({ length: Math.min(4, records - kept) }, (_, i) => `${prefix}${kept + i}`)
    await storage.append(ids.map(id => failedDelivery([JSON.stringify(provenRecord(id))], { id })))
    kept += ids.length
    say(`kept ${kept}`)
  }
}

async function journals(): Promise<void> {
  const journal = new JournalTransform({
    storage: 'file',
    path: join(folder, 'journal'),
    segmentBytes: 4096,
    sync,
    queueCapacity: limits.waiting
  })
  const streams = [journal, http(), retry(), new FailoverWritable({ storage })] as const
  const through = pipeline(...streams)
  await Promise.all([write(journal), through])
  await Promise.all(streams.map(stream => stream.settled()))
}

async function write(journal: JournalTransform): Promise<void> {
  const safe = new Set<number>()
  let kept = 0
  const keep = (index: number): void => {
    safe.add(index)
    const before = kept
    while (safe.delete(kept)) kept++
    if (kept > before) say(`kept ${kept}`)
  }
  for (let index = 0; index < records; index++) {
    const goesOn = journal.write(provenRecord(`${prefix}${index}`), error => error ?? keep(index))
    if (!goesOn) await new Promise(resolve => journal.once('drain', resolve))
  }
  journal.end()
}
