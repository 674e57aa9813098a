// Plain JavaScript: three streams in a pipeline, then a replay of what was stored.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { FailoverWritable, HttpWritable, RetryTransform, replay } from 'spillway'
import { storageContract } from 'spillway/testing'

let broken = true
const seen = new Set()
const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request) body += chunk
  const { id } = JSON.parse(body)
  const refused = broken && id % 2 === 1
  if (!refused) seen.add(id)
  response.writeHead(refused ? 503 : 200).end()
}).listen(0, '127.0.0.1')
await once(server, 'listening')

const url = `http://127.0.0.1:${server.address().port}/`
const storage = { storage: 'file', path: './failover' }
const streams = () => [
  new HttpWritable({ url }),
  new RetryTransform({ retries: 1, minDelay: 1, maxDelay: 5 }),
  new FailoverWritable(storage)
]

const first = streams()
await pipeline(Readable.from(Array.from({ length: 10 }, (_, id) => ({ id }))), ...first)
const { accepted, delivered, stored } = first[0].stats()
assert.deepEqual({ accepted, delivered, stored }, { accepted: 10, delivered: 5, stored: 5 })

broken = false
const second = streams()
await pipeline(replay(storage), ...second)
assert.equal(second[0].stats().delivered, 5)
assert.equal(seen.size, 10)
assert.equal(typeof storageContract, 'function')

server.close()
await rm('./failover', { recursive: true })
console.log('10 records: 5 delivered, 5 stored and replayed')
