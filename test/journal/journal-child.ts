import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import { type JournalOptions, JournalTransform } from '../../lib/journal-transform.ts'
import { RetryTransform } from '../../lib/retry-transform.ts'

// A process that journals and sends, for tests that kill it: `journal-child.ts FOLDER URL SYNC BATCH FIRST [COUNT]`. It says
// the number of each record once its write called back. Without a count
// it goes on for ever; with the count `throw` it throws, as a function of the user would, once 20 are durable.

const [folder, url, sync, batch, first, count = 'Infinity'] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string?
]

// At once: what lies in a buffer when the process is killed was never said.
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`)
      return
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') throw error
    }
  }
}

const options = {
  storage: 'file',
  path: join(folder, 'journal'),
  segmentBytes: 65_536,
  queueCapacity: 1_000,
  sync
} as JournalOptions
const journal = new JournalTransform(sync === 'interval' ? { ...options, interval: 20 } : options)
const http = new HttpWritable({ url, batchSize: Number(batch), batchDelay: 5, numWriters: 8, queueCapacity: 500 })
const failover = new FailoverWritable({ storage: 'file', path: join(folder, 'failover') })
journal
  .pipe(http)
  .pipe(new RetryTransform({ retries: 1, minDelay: 5 }))
  .pipe(failover)

let durable = 0
const last = count === 'throw' ? Infinity : Number(first) + Number(count)
for (let number = Number(first); number < last; number++) {
  const record = { n: number, fill: 'x'.repeat(number % 300) }
  const goOn = journal.write(record, error => {
    if (error) return
    say(String(number))
    if (count === 'throw' && ++durable === 20) throw new Error('of the user')
  })
  if (!goOn) await new Promise(resolve => journal.once('drain', resolve))
  else if (number % 50 === 0) await new Promise(resolve => setImmediate(resolve))
}
journal.end()
await journal.settled()
say(`over ${JSON.stringify(journal.stats())}`)
