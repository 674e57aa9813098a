/**
 * How do I parse, pick and change records on their way?
 *
 * Functions go into `chain()` of stream-chain, streams into `pipeline()`. A sink inside `chain()` would be a trap: the
 * pipeline would resolve before anything is delivered. It is refused.
 */
import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import chain, { none } from 'stream-chain'
import { parser } from 'stream-json'
import { type StreamArrayItem, streamArray } from 'stream-json/streamers/stream-array.js'
// In your own project: from 'spillway'.
import { FailoverWritable, HttpWritable, RetryTransform } from '../lib/index.ts'
import { startEndpoint } from './support/endpoint.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

interface Flight {
  /** Minutes; negative when it was early. */
  delay: number
  /** Miles. */
  distance: number
}

const endpoint = await startEndpoint()
const flights = new URL('../data/flights-2k.json', import.meta.resolve('vega-datasets'))

// A function may be async, and may give `none` to drop a record, or `many([…])` to make several of one.
const lateOnly = (flight: Flight) => (flight.delay > 60 ? flight : none)
const described = ({ delay, distance }: Flight) => ({ text: `${delay} minutes late after ${distance} miles` })

const http = new HttpWritable({ url: endpoint.url })
await pipeline(
  createReadStream(flights),
  chain([parser(), streamArray(), (item: StreamArrayItem) => item.value as Flight, lateOnly, described]),
  http,
  new RetryTransform(),
  new FailoverWritable({ storage: 'file', path: temporaryFolder() })
)

const { accepted, delivered } = http.stats()
console.log(`${delivered} of ${accepted} late flights delivered, the last one: ${endpoint.received.at(-1)!.body}`)
assert.equal(endpoint.received.length, accepted)
assert.equal(delivered, accepted)
assert.ok(endpoint.received.every(({ body }) => /^\{"text":"\d+ minutes late/.test(body)))

assert.throws(() => chain([lateOnly, new HttpWritable({ url: endpoint.url })]), { code: 'SPW_ERR_CHAIN' })
await endpoint.close()
