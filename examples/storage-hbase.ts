/**
 * How do I keep what fails in a table of HBase, and send it again?
 *
 * With `storage: 'hbase'` and the ZooKeeper servers of your HBase; the table is made when it is missing. Where only an HBase REST
 * server can be reached, `rest.url` takes the place of `zookeeper.quorum`.
 */
import assert from 'node:assert/strict'
import { pipeline } from 'node:stream/promises'
// In your own project: from 'spillway'.
import {
  FailoverWritable,
  HttpWritable,
  replay,
  RetryTransform,
  StorageError,
  type StorageOptions
} from '../lib/index.ts'
import { startEndpoint } from './support/endpoint.ts'

const storage = {
  storage: 'hbase',
  table: 'spillway_example',
  // As a StreamPark configuration has it: "zk1,zk2,zk3", or with ports.
  'zookeeper.quorum': process.env.SPILLWAY_TEST_HBASE || 'localhost:2181',
  timeout: 5_000
} satisfies StorageOptions
const streams = (url: string) =>
  [
    new HttpWritable({ url }),
    new RetryTransform({ retries: 1, minDelay: 20 }),
    // Eager: what is wrong with the storage shows at the start, not when it is needed.
    new FailoverWritable({ ...storage, eager: true })
  ] as const

const endpoint = await startEndpoint()
await endpoint.close()
try {
  // Nobody listens, so everything is stored.
  const events = Array.from({ length: 200 }, (_, id) => ({ id }))
  const [http, ...rest] = streams(endpoint.url)
  await pipeline(events, http, ...rest)
  console.log(`while it was down: ${http.stats().stored} stored`)
  assert.equal(http.stats().stored, 200)

  const back = await startEndpoint(() => 200, endpoint.port)
  const all = replay(storage)
  await pipeline(all, ...streams(back.url))
  await all.settled()
  console.log(`once it was back: ${all.stats().delivered} delivered`)
  assert.equal(all.stats().outstanding, 0)
  await back.close()
} catch (error) {
  if (!(error instanceof StorageError)) throw error
  console.log(`No HBase at ${storage['zookeeper.quorum']}: ${error.message}`)
}
