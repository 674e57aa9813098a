// TypeScript: the types that a user meets, with the types of stream-chain and undici behind them.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  type Delivery,
  DeliveryError,
  type ErrorCode,
  errorCodes,
  FailoverWritable,
  httpSink,
  HttpWritable,
  OptionsError,
  type Sender
} from 'spillway'

class CountingSender implements Sender {
  sent = 0
  readonly #inner: Sender

  constructor(inner: Sender) {
    this.#inner = inner
  }

  send(delivery: Delivery, signal: AbortSignal): Promise<void> {
    this.sent++
    return this.#inner.send(delivery.withHeaders({ 'x-signature': 'signed' }), signal)
  }
}

interface Event {
  tenant: string
}

interface OwnOptions {
  storage: 'file'
  path: string
}

const own: OwnOptions = { storage: 'file', path: './failover' }

const server = createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(request.headers['x-signature'] === 'signed' ? 200 : 400).end())
}).listen(0, '127.0.0.1')
await once(server, 'listening')

let sender: CountingSender | undefined
const sink = httpSink({
  http: {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    wrapSender: inner => (sender = new CountingSender(inner))
  },
  retry: { retries: 1 },
  failover: { storage: 'file', path: './failover' }
})
sink.write({ id: 0 }, error => assert.ifError(error))
await pipeline(Readable.from([{ id: 1 }, { id: 2 }]), sink)
assert.equal(sink.stats().delivered, 3)
assert.equal(sender?.sent, 3)

// @ts-expect-error an option that does not exist
assert.throws(() => new HttpWritable({ uri: 'http://127.0.0.1/' }), OptionsError)
// @ts-expect-error one of the wrong type
assert.throws(() => new HttpWritable({ timeout: 'long' }), OptionsError)
// @ts-expect-error a storage that does not exist
assert.throws(() => new FailoverWritable({ storage: 'fiel', path: './x' }), OptionsError)
// @ts-expect-error an option that the storage does not have
assert.throws(() => new FailoverWritable({ storage: 'file', paht: './x' }), OptionsError)
new FailoverWritable({ storage: 'kafka', topic: 'x', 'bootstrap.servers': ['127.0.0.1:9'], fallback: own }).destroy()
new HttpWritable({ url: new URL('http://127.0.0.1/'), headers: ({ tenant }: Event) => ({ tenant }) }).destroy()
// @ts-expect-error a place that does not exist
assert.equal(sink.stats().lost, undefined)
// @ts-expect-error a code that does not exist
assert.notEqual('SPW_ERR_LOST' satisfies ErrorCode, 'SPW_ERR_OPTIONS')
const code: ErrorCode = 'SPW_ERR_OPTIONS'
assert.ok(code in errorCodes && DeliveryError.prototype instanceof Error)

server.close()
await rm('./failover', { recursive: true, force: true })
console.log('3 records signed and delivered')
