/**
 * How do I lose nothing when the process dies?
 *
 * A journal in front: `write()` calls back once the record is durable, and it is forgotten when it is delivered or stored.
 * What a process that died has left goes out first when the next one starts.
 */
import assert from 'node:assert/strict'
import { pipeline } from 'node:stream/promises'
// In your own project: from 'spillway'.
import { FailoverWritable, HttpWritable, JournalTransform, RetryTransform } from '../lib/index.ts'
import { startEndpoint } from './support/endpoint.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const endpoint = await startEndpoint()
const [path, failover] = [temporaryFolder(), temporaryFolder()]
const journal = () => new JournalTransform({ storage: 'file', path, sync: 'group' })

// A life that ends too early: 100 records are durable, and none of them was sent, since nobody listens there.
const first = journal()
const nowhere = new HttpWritable({ url: 'http://127.0.0.1:9/' })
first.pipe(nowhere)
for (let id = 0; id < 99; id++) first.write({ id })
await new Promise(resolve => first.write({ id: 99 }, resolve))
nowhere.destroy()
first.destroy()
await first.settled()
console.log(`kept by the journal: ${first.kept}`)
assert.equal(first.kept, 100)

// The next one. What was left goes first, then what is new.
const second = journal()
const http = new HttpWritable({ url: endpoint.url })
await pipeline(
  [{ id: 100 }],
  second,
  http,
  new RetryTransform(),
  new FailoverWritable({ storage: 'file', path: failover })
)
await second.settled()
console.log(`delivered: ${second.stats().delivered}`)
assert.equal(second.stats().delivered, 101)
assert.equal(new Set(endpoint.received.map(({ body }) => body)).size, 101)

await endpoint.close()
