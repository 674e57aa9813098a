import { rmSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import { type HttpOptions, HttpWritable } from '../../lib/http-writable.ts'
import { JournalTransform, type JournalOptions } from '../../lib/journal-transform.ts'
import { RetryTransform, type RetryOptions } from '../../lib/retry-transform.ts'
import { cache } from './cache.ts'
import { record } from './records.ts'

/** A source that is never the limit, and tells how much it gave. */
export function source(records: number, make: (id: number) => unknown = record): Readable & { given: number } {
  const source = Object.assign(
    new Readable({
      objectMode: true,
      read() {
        while (source.given < records && this.push(make(source.given++)));
        if (source.given === records) this.push(null)
      }
    }),
    { given: 0 }
  )
  return source
}

export interface OursSettings {
  origin: string
  http?: HttpOptions
  retry?: RetryOptions
  /** A journal in front, by this policy. */
  journal?: Omit<JournalOptions, 'storage'>
}

let folders = 0

/** A folder of this process for a file storage, removed when the process ends. */
export function storageFolder(): string {
  const folder = `${cache}storage-${process.pid}-${folders++}`
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The whole line: source, `HttpWritable`, `RetryTransform`, `FailoverWritable` with a file storage. */
export async function sendOurs(
  { origin, http, retry, journal }: OursSettings,
  records: number,
  given = source(records)
): Promise<void> {
  const sink = new HttpWritable({ url: `${origin}/sink`, ...http })
  const failover = new FailoverWritable({ storage: 'file', path: storageFolder() })
  const rest = [sink, new RetryTransform(retry), failover] as const
  if (journal === undefined) await pipeline(given, ...rest)
  else {
    const kept = new JournalTransform({ ...journal, storage: 'file', path: storageFolder() })
    await pipeline(given, kept, ...rest)
    await kept.settled()
  }
  if (sink.stats().delivered !== records) throw new Error(`Not all were delivered: ${JSON.stringify(sink.stats())}`)
}
