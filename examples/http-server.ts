/**
 * How do I pass on what my own HTTP server takes in, without promising its clients too much?
 *
 * A client is answered 202 only once its event is delivered or durable in the storage: its `Delivery` is given a hook for
 * that. While the sink has no room, a client is told 503 with `Retry-After`, so the server never holds more than it may.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
// In your own project: from 'spillway'.
import { Delivery, httpSink } from '../lib/index.ts'
import { startEndpoint } from './support/endpoint.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const slow = async () => {
  await sleep(5)
  return 200
}
const endpoint = await startEndpoint(slow)

const sink = httpSink.post({
  http: { url: endpoint.url, numWriters: 4, queueCapacity: 8 },
  failover: { storage: 'file', path: temporaryFolder() }
})

const server = createServer(async (request, response) => {
  const event = await text(request)
  if (sink.writableNeedDrain) return answer(response, 503, { 'retry-after': '1' })
  const delivery = new Delivery([event]).onSettled(outcome => answer(response, outcome === 'abandoned' ? 503 : 202))
  sink.write(delivery)
})

function answer(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end()
}

server.listen(0, '127.0.0.1')
await once(server, 'listening')

// Two hundred clients at once, who come again when they are told to.
let turnedAway = 0
async function client(id: number): Promise<number> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (;;) {
    const { status } = await fetch(url, { method: 'POST', body: JSON.stringify({ id }) })
    if (status !== 503) return status
    turnedAway++
    await sleep(50)
  }
}
const statuses = await Promise.all(Array.from({ length: 200 }, (_, id) => client(id)))

// Shutting down: no new clients, then the sink finishes what it has.
server.close()
sink.end()
await finished(sink)

console.log(
  `${statuses.length} clients were answered 202, after ${turnedAway} times 503; ${sink.stats().delivered} events delivered`
)
assert.ok(statuses.every(status => status === 202))
assert.ok(turnedAway > 0)
assert.equal(new Set(endpoint.received.map(({ body }) => body)).size, 200)
assert.equal(sink.stats().delivered, 200)
await endpoint.close()
