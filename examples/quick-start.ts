/**
 * How do I send records by HTTP without losing one?
 *
 * With three streams. `HttpWritable` makes the first attempts, `RetryTransform` the later ones, and `FailoverWritable` stores
 * what the endpoint does not take. When `pipeline()` resolves, each record was acknowledged or lies in the storage.
 */
import assert from 'node:assert/strict'
import { pipeline } from 'node:stream/promises'
// In your own project: from 'spillway'.
import { FailoverWritable, HttpWritable, RetryTransform } from '../lib/index.ts'
import { startEndpoint } from './support/endpoint.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

// It takes order 2 at the second attempt only, and order 4 never.
let refusals = 0
const endpoint = await startEndpoint(({ body }) => {
  const { id } = JSON.parse(body) as { id: number }
  if (id === 2) return refusals++ === 0 ? 503 : 200
  return id === 4 ? 503 : 200
})

const orders = [1, 2, 3, 4, 5].map(id => ({ id, amount: 10 * id }))

const http = new HttpWritable({ url: `${endpoint.url}/orders` })
const retry = new RetryTransform({ retries: 2, minDelay: 50 })
const failover = new FailoverWritable({ storage: 'file', path: temporaryFolder() })

await pipeline(orders, http, retry, failover)

const { accepted, delivered, stored, retries } = http.stats()
console.log(`${accepted} accepted = ${delivered} delivered + ${stored} stored, after ${retries} retries`)
assert.deepEqual({ accepted, delivered, stored, retries }, { accepted: 5, delivered: 4, stored: 1, retries: 3 })
await endpoint.close()
