/**
 * How do I keep what fails in HDFS?
 *
 * With `storage: 'hdfs'` and the address of a NameNode. What is written is a file for each group of deliveries, in folders by
 * date; a replay takes it from there. Programs that replay at the same time share the files.
 *
 * The NameNode is at SPILLWAY_TEST_HDFS, or at 127.0.0.1:9870.
 */
import assert from 'node:assert/strict'
import { pipeline } from 'node:stream/promises'
// In your own project: from 'spillway'.
import { FailoverWritable, HttpWritable, replay, RetryTransform, type StorageOptions } from '../lib/index.ts'
import { startEndpoint } from './support/endpoint.ts'

const { url, port, close } = await startEndpoint()
const storage = {
  storage: 'hdfs',
  namenode: `http://${process.env.SPILLWAY_TEST_HDFS ?? '127.0.0.1:9870'}`,
  user: 'hdfs',
  path: '/spillway-examples',
  table: `failed-${Date.now()}`,
  format: 'yyyy-MM-dd'
} satisfies StorageOptions
const streams = () =>
  [new HttpWritable({ url }), new RetryTransform({ retries: 1, minDelay: 20 }), new FailoverWritable(storage)] as const

// Nobody listens, so everything is stored.
await close()
const events = Array.from({ length: 500 }, (_, id) => ({ id }))
const [http, ...rest] = streams()
await pipeline(events, http, ...rest)
console.log(`while it was down: ${http.stats().stored} stored in ${storage.path}/${storage.table}`)
assert.equal(http.stats().stored, 500)

// It is back: two replays at once share the files, and each record is sent once.
const endpoint = await startEndpoint(() => 200, port)
const both = [replay(storage), replay(storage)]
await Promise.all(both.map(all => pipeline(all, ...streams())))
await Promise.all(both.map(all => all.settled()))
console.log(`once it was back: ${both.map(all => all.stats().delivered).join(' + ')} delivered`)
assert.equal(endpoint.received.length, 500)
assert.equal(new Set(endpoint.received.map(({ body }) => body)).size, 500)
await endpoint.close()
