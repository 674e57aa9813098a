/**
 * How do I sign each request?
 *
 * With a Sender around the built-in one. It runs at every attempt, so a retry has a fresh time and a fresh signature, while
 * the id stays. Here after Standard Webhooks: the HMAC of `id.timestamp.body` in the header `webhook-signature`.
 */
import assert from 'node:assert/strict'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
// In your own project: from 'spillway'.
import { type Delivery, FailoverWritable, HttpWritable, RetryTransform, type Sender } from '../lib/index.ts'
import { type Received, startEndpoint } from './support/endpoint.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

class SigningSender implements Sender {
  readonly #inner: Sender
  readonly #key: Buffer

  /** `secret` in the form of Standard Webhooks: `whsec_` and the key in base64. */
  constructor(inner: Sender, secret: string) {
    this.#inner = inner
    this.#key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  }

  send(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { id, body = '' } = delivery
    const timestamp = String(Math.floor(Date.now() / 1000))
    const signature = createHmac('sha256', this.#key).update(`${id}.${timestamp}.`).update(body).digest('base64')
    const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
    return this.#inner.send(delivery.withHeaders(headers), signal)
  }
}

const secret = `whsec_${Buffer.from('a key that only the two of us know').toString('base64')}`

// It asks for a second of patience first, then takes the event.
const endpoint = await startEndpoint(request => {
  if (!isSigned(request)) return 401
  return endpoint.received.length === 1 ? { status: 503, headers: { 'retry-after': '1' } } : 200
})

function isSigned({ headers, body }: Received): boolean {
  const [version, signature = ''] = String(headers['webhook-signature']).split(',')
  const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`
  const expected = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(content)
    .digest()
  const given = Buffer.from(signature, 'base64')
  return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected)
}

const http = new HttpWritable({
  url: endpoint.url,
  // The id is in `webhook-id` already.
  idempotencyKey: false,
  wrapSender: inner => new SigningSender(inner, secret)
})
const failover = new FailoverWritable({ storage: 'file', path: temporaryFolder() })
await pipeline([{ type: 'invoice.paid', data: { id: 'in_1' } }], http, new RetryTransform(), failover)

const sent = endpoint.received.map(({ headers }) => headers)
for (const headers of sent)
  console.log(headers['webhook-id'], headers['webhook-timestamp'], headers['webhook-signature'])
assert.equal(http.stats().delivered, 1)
assert.equal(sent.length, 2)
assert.equal(sent[0]!['webhook-id'], sent[1]!['webhook-id'])
assert.notEqual(sent[0]!['webhook-timestamp'], sent[1]!['webhook-timestamp'])
assert.notEqual(sent[0]!['webhook-signature'], sent[1]!['webhook-signature'])
await endpoint.close()
