/**
 * How do I send many records in one request, and what becomes of a batch with a bad record in it?
 *
 * A batch that the endpoint answers with 413, 400 or 422 is sent again in halves, down to the one record that it does not
 * take. Only that record is refused: it is stored, and a replay leaves it alone unless it is asked for.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
// In your own project: from 'spillway'.
import { FailoverWritable, HttpWritable, RetryTransform } from '../lib/index.ts'
import { startEndpoint } from './support/endpoint.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

interface Flight {
  delay: number
  distance: number
}

const file = new URL('../data/flights-10k.json', import.meta.resolve('vega-datasets'))
const flights = JSON.parse(readFileSync(file, 'utf8')) as Flight[]
flights[1234] = { ...flights[1234]!, distance: -1 }

// It takes a batch as a whole or not at all.
let taken = 0
const endpoint = await startEndpoint(({ body }) => {
  const batch = body
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Flight)
  if (batch.some(({ distance }) => distance < 0)) return 422
  taken += batch.length
  return 200
})

const http = new HttpWritable({ url: `${endpoint.url}/bulk`, format: 'ndjson', batchSize: 500 })
const retry = new RetryTransform()
const failover = new FailoverWritable({ storage: 'file', path: temporaryFolder() })
await pipeline(flights, http, retry, failover)

const { delivered, refused, stored } = http.stats()
console.log(
  `${flights.length} records in ${endpoint.received.length} requests: ${delivered} delivered, ${refused} refused`
)
assert.deepEqual({ delivered, refused, stored, taken }, { delivered: 9_999, refused: 1, stored: 1, taken: 9_999 })
assert.ok(endpoint.received.length < 60)
assert.equal(endpoint.received[0]!.headers['content-type'], 'application/x-ndjson')
await endpoint.close()
