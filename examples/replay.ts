/**
 * How do I send again what was stored?
 *
 * `replay()` is a Readable of the deliveries in a storage. Piped into the same three streams it removes what is delivered, and
 * what fails again goes back to the storage. When it is interrupted, the next one goes on where it stopped.
 */
import assert from 'node:assert/strict'
import { pipeline } from 'node:stream/promises'
// In your own project: from 'spillway'.
import { FailoverWritable, HttpWritable, replay, RetryTransform, type StorageOptions } from '../lib/index.ts'
import { startEndpoint } from './support/endpoint.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const { url, port, close } = await startEndpoint()
const storage = { storage: 'file', path: temporaryFolder() } satisfies StorageOptions
const streams = () =>
  [new HttpWritable({ url }), new RetryTransform({ retries: 1, minDelay: 20 }), new FailoverWritable(storage)] as const

// Nobody listens, so everything is stored.
await close()
const events = Array.from({ length: 1000 }, (_, id) => ({ id }))
const [http, ...rest] = streams()
await pipeline(events, http, ...rest)
console.log(`while it was down: ${http.stats().stored} stored`)
assert.equal(http.stats().stored, 1000)

// It is back: first a careful look at ten of them, then all.
const endpoint = await startEndpoint(() => 200, port)
await pipeline(replay({ ...storage, limit: 10 }), ...streams())
assert.equal(endpoint.received.length, 10)

const all = replay({ ...storage, filter: { outcome: 'exhausted' } })
await pipeline(all, ...streams())
await all.settled()
console.log(`once it was back: ${endpoint.received.length} delivered`)
assert.equal(all.stats().delivered, 990)
assert.equal(new Set(endpoint.received.map(({ body }) => body)).size, 1000)

// A delivery keeps its idempotency key, so the endpoint could tell if one came twice.
assert.equal(new Set(endpoint.received.map(({ headers }) => headers['idempotency-key'])).size, 1000)

const nothing = replay(storage)
await pipeline(nothing, ...streams())
assert.equal(nothing.stats().given, 0)
await endpoint.close()
