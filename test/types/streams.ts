// Checked by `npm run types`: each line that must not compile says so, and fails if it does.
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import chain from 'stream-chain'
import { Agent } from 'undici'
import {
  Delivery,
  DeliveryError,
  type Diagnostics,
  type Entry,
  type ErrorCode,
  FailoverWritable,
  type Format,
  type HttpSink,
  httpSink,
  type HttpOptions,
  HttpWritable,
  type Outcome,
  type Place,
  type Replay,
  replay,
  RetryTransform,
  type Sender,
  type Stats,
  type Storage,
  StorageError
} from '../../lib/index.ts'

/** What is only to be checked, not to be run. */
export async function pipelines(storage: Storage): Promise<void> {
  const http = new HttpWritable({ url: 'https://example.com/' })
  const retry = new RetryTransform({ retries: 5 })
  const failover = new FailoverWritable({ storage })

  await pipeline(Readable.from([1]), chain([(n: number) => n * 2, (n: number) => ({ n })]), http, retry, failover)
  await pipeline(replay({ storage: 'file', path: './failover', limit: 3 }), http, retry, failover)
  await pipeline([Readable.from([1]), http, retry, failover])
  await pipeline(
    Readable.from([1]),
    httpSink.post({ http: { url: 'https://example.com/' }, failover: { storage: 'none' } })
  )
  http.pipe(retry).pipe(failover)

  // @ts-expect-error A FailoverWritable has nothing to read.
  await pipeline(failover, retry)
}

export async function members(http: HttpWritable, sink: HttpSink, source: Replay): Promise<void> {
  const stats: Stats = http.stats()
  const waiting: number = stats.waiting
  const place: Place = 'waiting'
  // @ts-expect-error There is no such place.
  const nowhere: Place = 'lost'
  const settled: Promise<void> = http.settled()
  http.drain(1_000)
  sink.drain(1_000)
  await Promise.all([settled, sink.settled(), source.settled()])
  new RetryTransform({ minDelay: 1, maxDelay: 2 })
  // @ts-expect-error There is no such option.
  new RetryTransform({ retires: 5 })
  // @ts-expect-error The time is not optional.
  http.drain()

  // The callback's parameter has a type without being told.
  http.write({ any: 'record' }, error => void error?.message)
  http.write('record', 'utf8', error => void error?.message)
  http.end('record', () => {})
  sink.write({ any: 'record' }, error => void error?.message)
  const writable: Writable = http
  const given: number = source.stats().given
  void [waiting, place, nowhere, writable, given]
}

export async function disposable(): Promise<void> {
  await using http = new HttpWritable({ url: 'https://example.com/' })
  await using sink = httpSink({ failover: { storage: 'none' } })
  http.write(1)
  sink.write('https://example.com/')
}

interface Event {
  readonly tenant: string
}

export function options(): HttpOptions[] {
  const format: Format = { contentType: 'a/b', encode: record => String(record), join: parts => parts.join('') }
  return [
    {},
    { url: 'https://example.com/', method: 'put', headers: { a: 'b', authorization: () => 'secret' } },
    { headers: record => ({ tenant: String(record) }), successCode: '2xx,!204', retryOn: [409, '5xx'], refuseOn: 501 },
    { format, batchSize: 500, batchBytes: 1024, batchDelay: 10, idempotencyKey: false, semantics: 'at-most-once' },
    { format: 'ndjson', signal: new AbortController().signal, dispatcher: new Agent(), wrapSender: inner => inner },
    { url: new URL('https://example.com/'), headers: (event: Event) => ({ tenant: event.tenant }) },
    { headers: ({ tenant }: Event) => ({ tenant }), format: { ...format, encode: (event: Event) => event.tenant } },
    // @ts-expect-error Without being told nothing is known of a record.
    { headers: record => ({ tenant: record.tenant }) },
    // @ts-expect-error It gives texts.
    { headers: (event: Event) => ({ tenant: event }) },
    // @ts-expect-error It takes one record.
    { headers: (event: Event, other: Event) => ({ tenant: event.tenant + other.tenant }) },
    // @ts-expect-error That is no URL.
    { url: { href: 'https://example.com/' } },
    // @ts-expect-error A number is not a text.
    { numWriters: '3' },
    // @ts-expect-error There is no such format.
    { format: 'xml' },
    // @ts-expect-error A function of a header has no arguments.
    { headers: { authorization: (record: string) => record } },
    // @ts-expect-error There is no such option.
    { succesCode: 200 }
  ]
}

// @ts-expect-error A storage must be said.
export const withoutStorage = (): FailoverWritable => new FailoverWritable({ batchSize: 3 })

/** A Sender around a Sender. */
export class SigningSender implements Sender {
  readonly #inner: Sender

  constructor(inner: Sender) {
    this.#inner = inner
  }

  async send(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { method, url, body } = delivery.request
    if (body === undefined) {
      throw new DeliveryError('SPW_ERR_REQUEST', 'no body', { phase: 'not-sent', retryable: false, outcome: 'refused' })
    }
    await this.#inner.send(delivery.withHeaders({ signature: `${method} ${url} ${body.length}` }), signal)
  }
}

/** A Storage of the user's own. */
export class OwnStorage implements Storage {
  readonly durable = true
  async open(): Promise<void> {}
  async append(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length > 1) throw new StorageError('SPW_ERR_STORAGE_FULL', 'full', { retryable: true })
  }

  async *read(): AsyncGenerator<Entry> {}
  async remove(entries: readonly Entry[]): Promise<void> {
    for (const { id, version, envelope } of entries) void `${id} ${version} ${envelope.url}`
  }

  async close(): Promise<void> {}
}

export function deliveries(): Delivery {
  const delivery = new Delivery(['{"a":1}', new Uint8Array(3)], { url: new URL('https://example.com/') })
  delivery.onSettled(async (outcome: Outcome) => void outcome)
  // @ts-expect-error A delivery is immutable.
  delivery.attempts = 3
  // @ts-expect-error There is no such outcome.
  void delivery.settle('lost')
  const [first, second] = delivery.split()
  return first.withHeaders({ a: 'b' }) ?? second
}

export const codes: readonly ErrorCode[] = ['SPW_ERR_OPTIONS', 'SPW_ERR_STORAGE_FULL']
// @ts-expect-error There is no such code.
export const wrongCode: ErrorCode = 'SPW_ERR_WHATEVER'

export const stalled = ({ code, message }: Diagnostics['spillway:storage-stalled']): string => `${code} ${message}`
