import { once } from 'node:events'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import { httpSink } from '../../lib/http-sink.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import { JournalTransform } from '../../lib/journal-transform.ts'
import { RetryTransform } from '../../lib/retry-transform.ts'
import { say } from '../support/say.ts'
import { taskGiven } from '../machines/support/warm-child.ts'

/** A program of a user that something happens to. */
export interface ProcessTask {
  readonly happens: 'throws' | 'rejects' | 'blocks' | 'nothing'
  readonly url: string
  readonly folder: string
  readonly records: number
}

const { happens, url, folder, records } = await taskGiven<ProcessTask>()

if (happens === 'blocks') await blocked()
else await journaled()

async function journaled(): Promise<void> {
  const journal = new JournalTransform({ storage: 'file', path: join(folder, 'journal') })
  const http = new HttpWritable({ url })
  const failover = new FailoverWritable({ storage: 'file', path: join(folder, 'failover') })
  const through = pipeline(journal, http, new RetryTransform(), failover)
  let kept = 0
  for (let id = 0; id < records; id++) {
    journal.write({ id }, error => {
      if (error) return
      say(`kept ${++kept}`)
      if (kept < records) return
      // As a bug of a user does: in a callback of nobody's.
      if (happens === 'throws') setTimeout(() => JSON.parse('not JSON'))
      if (happens === 'rejects') void Promise.reject(new Error('of the user'))
      if (happens === 'nothing') journal.end()
    })
  }
  if (records === 0) journal.end()
  await through
  await Promise.all([journal, http, failover].map(stream => stream.settled()))
  process.exit(0)
}

/** The requests are answered while nobody can read the answers, for longer than the timeout. */
async function blocked(): Promise<void> {
  const sink = httpSink({ http: { url, timeout: 2_000, numWriters: 8 }, failover: { storage: 'file', path: folder } })
  for (let id = 0; id < records; id++) sink.write({ id })
  // Until as many as can have come to the endpoint.
  await once(process.stdin, 'data')
  say('blocked 1')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5_000)
  sink.end()
  await sink.settled()
  say(`stats ${JSON.stringify(sink.stats())}`)
  process.exit(0)
}
