/**
 * How do I keep what fails in a table of MySQL or MariaDB?
 *
 * With the options that StreamPark has for it. The table is made when it is missing. It takes a server, for example
 * `docker run -p 3306:3306 -e MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1 -e MARIADB_DATABASE=test mariadb:11`; another address than
 * that comes from SPILLWAY_TEST_MYSQL.
 */
import assert from 'node:assert/strict'
import { pipeline } from 'node:stream/promises'
// In your own project: from 'spillway'.
import { FailoverWritable, HttpWritable, replay, RetryTransform, type StorageOptions } from '../lib/index.ts'
import { startEndpoint } from './support/endpoint.ts'

const storage = {
  storage: 'mysql',
  jdbcUrl: `jdbc:mysql://${process.env.SPILLWAY_TEST_MYSQL ?? 'localhost:3306'}/test?useUnicode=true&characterEncoding=UTF-8`,
  username: 'root',
  password: '',
  table: 'spillway_example'
} satisfies StorageOptions
const { url, port, close } = await startEndpoint()
const streams = () =>
  [new HttpWritable({ url }), new RetryTransform({ retries: 1, minDelay: 20 }), new FailoverWritable(storage)] as const

// Nobody listens, so everything goes into the table.
await close()
const [http, ...rest] = streams()
await pipeline(
  Array.from({ length: 1000 }, (_, id) => ({ id })),
  http,
  ...rest
)
console.log(`while it was down: ${http.stats().stored} rows in ${storage.table}`)
assert.equal(http.stats().stored, 1000)

// Two at once share the work: in another process, or here.
const endpoint = await startEndpoint(() => 200, port)
const replays = [replay(storage), replay(storage)]
await Promise.all(replays.map(each => pipeline(each, ...streams())))
await Promise.all(replays.map(each => each.settled()))
console.log(`once it was back: ${replays.map(each => each.stats().delivered).join(' + ')} delivered`)
assert.equal(new Set(endpoint.received.map(({ body }) => body)).size, 1000)
assert.ok(replays.every(each => each.stats().outstanding === 0))
await endpoint.close()
