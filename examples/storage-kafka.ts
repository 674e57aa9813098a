/**
 * How do I keep what fails in a topic of Kafka?
 *
 * Name the topic and some brokers. Each delivery that the endpoint does not take is a message of the topic, which is made when it
 * is missing; `replay()` brings them back and deletes what is delivered. Needs the package kafkajs, and a broker: at SPILLWAY_TEST_KAFKA, or
 * at 127.0.0.1:9092.
 */
import assert from 'node:assert/strict'
import { pipeline } from 'node:stream/promises'
// In your own project: from 'spillway'.
import { FailoverWritable, HttpWritable, replay, RetryTransform, type StorageOptions } from '../lib/index.ts'
import { startEndpoint } from './support/endpoint.ts'

const { url, port, close } = await startEndpoint()
const storage = {
  storage: 'kafka',
  topic: `spillway-example-${Date.now()}`,
  'bootstrap.servers': process.env.SPILLWAY_TEST_KAFKA ?? '127.0.0.1:9092'
} satisfies StorageOptions
const streams = () =>
  [new HttpWritable({ url }), new RetryTransform({ retries: 1, minDelay: 20 }), new FailoverWritable(storage)] as const

// Nobody listens, so everything is stored.
await close()
const events = Array.from({ length: 1000 }, (_, id) => ({ id }))
const [http, ...rest] = streams()
await pipeline(events, http, ...rest)
console.log(`while it was down: ${http.stats().stored} stored in ${storage.topic}`)
assert.equal(http.stats().stored, 1000)

// It is back.
const endpoint = await startEndpoint(() => 200, port)
const all = replay(storage)
await pipeline(all, ...streams())
await all.settled()
console.log(`once it was back: ${endpoint.received.length} delivered`)
assert.equal(new Set(endpoint.received.map(({ body }) => body)).size, 1000)

const nothing = replay(storage)
await pipeline(nothing, ...streams())
assert.equal(nothing.stats().given, 0)
await endpoint.close()
