import type { Delivery } from '../../delivery.ts'
import { encodeRecords, encodeRequest, type Envelope, joinEnvelope } from '../envelope.ts'
import { envelopeOfValue } from '../streampark-value.ts'
import type { FetchedMessage, Header } from './cluster.ts'
import { FetchedRecord } from './fetched-record.ts'

/** What is sent for a delivery: its records as StreamPark has them, the rest of its envelope in a header. */
export interface Message {
  readonly key: string | Buffer | null
  readonly value: string | Buffer | null
  readonly timestamp: string
  readonly headers: Record<string, string | Buffer | Buffer[]>
  /** Of a message that is appended again. */
  readonly partition?: number
}

const requestHeader = 'spillway'
/** Microseconds since 1970, no two alike: what was appended in the same millisecond is in different partitions. */
const orderHeader = 'spillway-order'
/** The name of a foreign message that was appended again. */
const nameHeader = 'spillway-name'
const head = '{"values":'
const tail = ',"timestamp":'

let lastOrder = 0

export function messageOf(delivery: Delivery): Message {
  const now = Date.now()
  lastOrder = Math.max(lastOrder + 1, now * 1000)
  return {
    key: delivery.id,
    value: `${head}${encodeRecords(delivery)}${tail}${now}}`,
    timestamp: String(now),
    headers: { [requestHeader]: encodeRequest(delivery), [orderHeader]: String(lastOrder) }
  }
}

/** The bytes that Kafka counts, a few more. */
export function bytesOf({ key, value, headers }: Message): number {
  let bytes = 100 + lengthOf(key) + lengthOf(value)
  for (const name in headers) bytes += name.length + 10 + lengthOf(headers[name]!)
  return bytes
}

const lengthOf = (part: string | Buffer | Buffer[] | null): number =>
  part === null ? 0 : Array.isArray(part) ? part.reduce((sum, { length }) => sum + length, 0) : Buffer.byteLength(part)

/** When it was appended, in microseconds since 1970. */
export function orderOf(message: FetchedMessage): number {
  const order = headerOf(message, orderHeader)
  return Buffer.isBuffer(order) ? Number(order.toString('latin1')) : Number(message.timestamp) * 1000
}

const headerNames = new Map([requestHeader, orderHeader, nameHeader].map(name => [name, Buffer.from(name)]))

const headerOf = (message: FetchedMessage, name: string): Header | undefined =>
  message instanceof FetchedRecord ? message.header(headerNames.get(name)!) : message.headers?.[name]

/** The same message once more, to the same partition. */
export function messageAgain(message: FetchedMessage, partition: number, where: string): Message {
  const { key, value, timestamp } = message
  const headers: Message['headers'] = {}
  for (const [name, header] of Object.entries(message.headers ?? {}))
    if (header !== undefined) headers[name] = header as Buffer
  if (!(requestHeader in headers)) headers[nameHeader] ??= where
  return { key, value, timestamp: String(timestamp), headers, partition }
}

/** What a message holds, not parsed yet: many wait to be given, and their texts take less room. */
export interface Unread {
  /** The same for all versions of a delivery. */
  readonly key: string
  readonly bytes: number
  envelope(): Envelope
}

/** Where a message is. */
export interface Origin {
  readonly topic: string
  readonly partition: number
}

/** What is in a message: of StreamPark's several, if it has several values. */
export function unreadIn(message: FetchedMessage, origin: Origin): Unread[] {
  const { key, value } = message
  const request = headerOf(message, requestHeader)
  if (Buffer.isBuffer(request) && key !== null && value !== null) {
    return [new Own(key.toString(), request, value, message.offset, origin)]
  }
  const bytes = value?.length ?? 0
  const name = headerOf(message, nameHeader)
  const where = Buffer.isBuffer(name) ? name.toString() : nameOf(message, origin)
  return foreignEnvelopes(message, where).map(envelope => ({ key: envelope.id, bytes, envelope: () => envelope }))
}

/** 'topic.0.17' */
const nameOf = ({ offset }: Pick<FetchedMessage, 'offset'>, { topic, partition }: Origin): string =>
  `${topic}.${partition}.${offset}`

// Bytes of an answer: a text of each of thousands that wait would be moved about by the garbage collector.
class Own implements Unread {
  readonly key: string
  readonly #request: Buffer
  readonly #value: Buffer
  readonly #offset: string | number
  readonly #origin: Origin

  constructor(key: string, request: Buffer, value: Buffer, offset: string | number, origin: Origin) {
    this.key = key
    this.#request = request
    this.#value = value
    this.#offset = offset
    this.#origin = origin
  }

  get bytes(): number {
    return this.#request.length + this.#value.length
  }

  envelope(): Envelope {
    const value = this.#value.toString()
    try {
      return joinEnvelope(this.#request.toString(), recordsIn(value))
    } catch {
      // It is shown like any other that we cannot read.
      return refused([value], nameOf({ offset: this.#offset }, this.#origin), 0)
    }
  }
}

function recordsIn(value: string): string {
  const end = value.lastIndexOf(tail)
  if (value.startsWith(head) && end !== -1) return value.slice(head.length, end)
  return JSON.stringify((JSON.parse(value) as { values: unknown }).values)
}

function foreignEnvelopes({ value, timestamp }: FetchedMessage, where: string): Envelope[] {
  const bytes = value ?? Buffer.alloc(0)
  const text = textOf(bytes)
  const acceptedAt = Math.max(0, Number(timestamp))
  if (text === undefined) return [refused([{ base64: bytes.toString('base64') }], where, acceptedAt)]
  const stored = streamParkValue(text)
  if (stored === undefined) return [envelopeOfValue(text, { id: where, acceptedAt })]
  const { values, timestamp: storedAt = acceptedAt } = stored
  const idOf = (index: number): string => (values.length === 1 ? where : `${where}.${index}`)
  return values.map((each, index) => envelopeOfValue(each, { id: idOf(index), acceptedAt: storedAt }))
}

function refused(records: Envelope['records'], id: string, acceptedAt: number): Envelope {
  const request = { method: 'POST', url: '', headers: {} } as const
  return { v: 1, id, version: 1, acceptedAt, ...request, records, attempts: 0, outcome: 'refused' }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** `{"values":["…"],"timestamp":…}`, as StreamPark's failover writes it. */
function streamParkValue(text: string): { values: readonly string[]; timestamp?: number } | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const { values, timestamp } = JSON.parse(text) as { values?: unknown; timestamp?: unknown }
    const isList = Array.isArray(values) && values.length > 0 && values.every(value => typeof value === 'string')
    if (!isList) return undefined
    return { values, ...(Number.isFinite(timestamp) ? { timestamp: timestamp as number } : {}) }
  } catch {
    return undefined
  }
}
