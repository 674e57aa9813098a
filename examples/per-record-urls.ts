/**
 * I come from Apache StreamPark: each record is a URL, and the configuration is there. What do I have to change?
 *
 * Nothing: the records go to `httpSink.get(…)`, `.post(…)` and so on, which take the configuration as it is. By POST, PUT,
 * PATCH and DELETE the query of the URL becomes a JSON object in the body, as there.
 */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parse } from 'yaml'
// In your own project: from 'spillway'.
import { httpSink, type StreamParkOptions } from '../lib/index.ts'
import { startEndpoint } from './support/endpoint.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const endpoint = await startEndpoint()

// The keys of StreamPark's page. There the storage is MySQL; this example has none, so its storage is a folder.
const config = parse(`
http.sink:
  threshold:
    numWriters: 3
    queueCapacity: 10000
    timeout: 5000
    retries: 3
    successCode: 200
  failover:
    table: record
    storage: file
    file:
      path: ${temporaryFolder()}
    jdbc:
      jdbcUrl: jdbc:mysql://localhost:3306/test
      username: root
      password: 123456
`) as StreamParkOptions

const users = Array.from({ length: 50 }, (_, i) => ({ userId: i, siteId: i % 7 }))
const urls = Readable.from(users).map(
  (x: (typeof users)[number]) => `${endpoint.url}/visit?userId=${x.userId}&siteId=${x.siteId}`
)

const sink = httpSink.get(config)
await pipeline(urls, sink)

const { delivered } = sink.stats()
const paths = new Set(endpoint.received.map(({ method, path }) => `${method} ${path}`))
console.log(`${delivered} delivered, one of them: ${[...paths][8]}`)
assert.equal(delivered, 50)
assert.ok(users.every(({ userId, siteId }) => paths.has(`GET /visit?userId=${userId}&siteId=${siteId}`)))

// The same URL by POST: its query becomes the body.
await pipeline([`${endpoint.url}/visit?userId=7&siteId=3`], httpSink.post(config))
const { method, path, body } = endpoint.received.at(-1)!
console.log(`${method} ${path} ${body}`)
assert.deepEqual({ method, path, body }, { method: 'POST', path: '/visit', body: '{"userId":"7","siteId":"3"}' })
await endpoint.close()
