import type { Delivery } from '../delivery.ts'
import { type Snapshot, sizeOf } from '../delivery/snapshot.ts'
import type { DeliveryError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import { unsendable } from './failure.ts'
import { type Format, isBuiltIn } from './format.ts'
import { checkedHeaders } from './headers.ts'
import { type HttpSettings, methods } from './options.ts'
import { described, withoutSecrets } from './refused-record.ts'
import { parsedUrl, plainTarget, storableUrl, type Target } from './target.ts'
import { bodyFromQuery } from './url-record.ts'
import { urlText } from './url-text.ts'

/** A record that was taken in. */
export interface Admitted {
  readonly target: Target
  readonly snapshot: Snapshot
  readonly bytes: number
}

/** What a record says of its request when no `url` is configured. */
interface RecordRequest {
  url: string
  method?: string | undefined
  headers?: Readonly<Record<string, string>> | undefined
  body?: unknown
}

// Characters.
const longText = 4096

const withoutQueryBody = new Set(['GET', 'OPTIONS', 'TRACE'])

/** Turns records into snapshots and targets. What cannot be sent throws a `DeliveryError` that refuses it. */
export class Requests {
  readonly #settings: HttpSettings
  /** The one target, where all records share it. */
  readonly #target: Target | undefined

  constructor(settings: HttpSettings) {
    this.#settings = settings
    const { url, method, headers } = settings
    if (url !== undefined && typeof headers !== 'function') this.#target = this.#targetOf(url, method, headers)
  }

  admit(record: unknown): Admitted {
    if (this.#target !== undefined) return this.#admitted(this.#target, record)
    return this.#settings.url === undefined ? this.#admitRequest(record) : this.#admitWithHeaders(record)
  }

  /** Where a delivery goes that was given in: to the configured URL if there is one, else to its own. */
  targetOf(delivery: Delivery): Target {
    const { target } = delivery
    if (target.refusal !== undefined) throw target.refusal
    if (target.maker === this) return target
    const { records } = delivery
    const { url = target.url, headers } = this.#settings
    const configured =
      typeof headers === 'function' ? this.#headersOf(headers, readBack(records[0], this.#settings.format)) : headers
    const method = checkedMethod(target.method)
    // A request that had no body was stored as one empty record, without a content type.
    const hasBody = records.some(({ length }) => length > 0) || 'content-type' in target.headers
    const all = { ...target.headers, ...checkedOrRefused(configured) }
    return this.#targetOf(url, method, all, hasBody && method !== 'TRACE')
  }

  /** What is kept of a record that is refused before its request could be made. */
  refused(record: unknown): { target: Target; snapshot: Snapshot } {
    const { url, method, format } = this.#settings
    if (url !== undefined)
      return { target: this.#target ?? this.#targetOf(url, method, {}), snapshot: described(record) }
    const kept = withoutSecrets(record)
    const target = { ...plainTarget({ method, url: typeof kept === 'string' ? kept : '' }), format }
    return { target, snapshot: described(kept) }
  }

  #admitted(target: Target, record: unknown): Admitted {
    const snapshot = encoded(this.#settings.format, record)
    const bytes = sizeOf(snapshot)
    const { queueBytes } = this.#settings
    if (bytes > queueBytes) {
      throw unsendable('SPW_ERR_TOO_LARGE', `The record has ${bytes} bytes, more than queueBytes, ${queueBytes}.`)
    }
    return { target, snapshot, bytes }
  }

  #admitWithHeaders(record: unknown): Admitted {
    const { url, method, headers } = this.#settings
    const made = typeof headers === 'function' ? this.#headersOf(headers, record) : headers
    return this.#admitted(this.#targetOf(url!, method, made), record)
  }

  #admitRequest(record: unknown): Admitted {
    const { urlQuery, headers, method: configured } = this.#settings
    const request = requestOf(record)
    const method = checkedMethod(request.method ?? configured)
    const { url, body } = urlQuery === 'body' && !withoutQueryBody.has(method) ? queried(request) : request
    if (method === 'TRACE' && body !== undefined) throw badRequest('a TRACE request has no body (RFC 9110, 9.3.8)')
    const made = typeof headers === 'function' ? this.#headersOf(headers, record) : headers
    const target = this.#targetOf(url, method, { ...made, ...ownHeaders(request.headers) }, body !== undefined)
    return body === undefined ? { target, snapshot: '', bytes: 0 } : this.#admitted(target, body)
  }

  #headersOf(headers: (record: unknown) => Readonly<Record<string, string>>, record: unknown): Record<string, string> {
    try {
      return checkedHeaders(headers(record)) as Record<string, string>
    } catch (cause) {
      throw badRequest(`the headers of the record cannot be made: ${messageOf(cause)}`, cause)
    }
  }

  #targetOf(url: string, method: string, headers: Target['headers'], hasBody = method !== 'TRACE'): Target {
    const { format, idempotencyKey } = this.#settings
    const { origin, path, href, authorization } = parsedOrRefused(url)
    if (authorization !== undefined && this.#settings.url === undefined) {
      throw badRequest('the URL of a record must not have a user and a password: use the headers')
    }
    const all = {
      ...(hasBody ? { 'content-type': format.contentType } : {}),
      ...(authorization === undefined ? {} : { authorization }),
      ...headers
    }
    const keyed = idempotencyKey !== undefined && (method === 'POST' || method === 'PATCH') && !(idempotencyKey in all)
    return {
      method,
      url: this.#settings.url === undefined ? href : storableUrl(href),
      origin,
      path,
      headers: all,
      keyHeader: keyed ? idempotencyKey : undefined,
      format: hasBody ? format : undefined,
      // Header functions come from the configuration, so they are the same for all.
      key: this.#settings.batchSize > 1 ? `${method} ${href} ${JSON.stringify(all)}` : '',
      maker: this
    }
  }
}

function encoded(format: Format, record: unknown): Snapshot {
  try {
    const snapshot = format.encode(record)
    if (typeof snapshot === 'string' && !snapshot.isWellFormed())
      throw new TypeError('a lone surrogate has no UTF-8 bytes')
    // Long texts are kept outside of the heap: there they would be copied with every collection, and again at each attempt.
    if (typeof snapshot === 'string') {
      return snapshot.length >= longText && isBuiltIn(format) ? Buffer.from(snapshot) : snapshot
    }
    if (!(snapshot instanceof Uint8Array)) {
      throw new TypeError(`encode() must give a string or bytes, got ${typeof snapshot}`)
    }
    // Bytes that are the caller's own may be changed by the caller.
    return snapshot === record ? Uint8Array.prototype.slice.call(snapshot) : snapshot
  } catch (cause) {
    throw unsendable('SPW_ERR_ENCODE', `The record cannot be encoded: ${messageOf(cause)}`, cause)
  }
}

function requestOf(record: unknown): RecordRequest {
  if (typeof record === 'string') return { url: record }
  const { request, other } = partsOf(record)
  if (typeof request.url !== 'string') throw badRequest(`without the option url a record must be a URL or ${form}`)
  // Data that has a `url` among others would be sent there, without all the rest.
  if (other !== undefined) throw badRequest(`without the option url a record must be ${form}; this one has ${other}`)
  return request
}

function partsOf(record: unknown): { request: RecordRequest; other: string | undefined } {
  try {
    // Each is read once: a getter may throw, or give something else the next time.
    const { url, method, headers, body } = (record instanceof URL ? { url: record } : (record ?? {})) as RecordRequest
    const other = Object.keys(record ?? {}).find(name => !names.has(name))
    return { request: { url: urlText(url), method, headers, body }, other: other && JSON.stringify(other) }
  } catch (cause) {
    throw badRequest(`the record cannot be read: ${messageOf(cause)}`, cause)
  }
}

const names = new Set(['url', 'method', 'headers', 'body'])
const form = '{ url, method?, headers?, body? }'

// A secret that is made at each attempt comes from the configuration, never from a record.
function ownHeaders(headers: unknown = {}): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) throw badRequest('the headers of a record must be an object')
  const checked = checkedOrRefused(headers as Record<string, string>)
  for (const [name, value] of Object.entries(checked)) {
    if (typeof value !== 'string') throw badRequest(`the header ${name} of a record must be a string`)
  }
  return checked as Record<string, string>
}

function queried(request: RecordRequest): RecordRequest {
  if (request.body !== undefined) return request
  try {
    return { ...request, ...bodyFromQuery(request.url) }
  } catch (cause) {
    throw badRequest(messageOf(cause), cause)
  }
}

function checkedMethod(method: unknown): string {
  const upper = typeof method === 'string' ? method.toUpperCase() : undefined
  if (upper !== undefined && (methods as readonly string[]).includes(upper)) return upper
  throw badRequest(
    `the method must be one of ${methods.join(', ')}, got ${typeof method === 'string' ? JSON.stringify(method) : typeof method}`
  )
}

function checkedOrRefused(headers: Target['headers']): Target['headers'] {
  try {
    return checkedHeaders(headers)
  } catch (cause) {
    throw badRequest(messageOf(cause), cause)
  }
}

function parsedOrRefused(url: string): ReturnType<typeof parsedUrl> {
  try {
    return parsedUrl(url)
  } catch (cause) {
    throw badRequest(messageOf(cause), cause)
  }
}

const badRequest = (message: string, cause?: unknown): DeliveryError =>
  unsendable('SPW_ERR_REQUEST', `The request is not valid: ${message}.`, cause)

// A function of the record was written for the record, of which the text is left.
function readBack(snapshot: Snapshot | undefined, { contentType }: Format): unknown {
  if (typeof snapshot !== 'string' || !/\bx-ndjson\b|[/+]json\b/.test(contentType)) return snapshot
  try {
    return JSON.parse(snapshot) as unknown
  } catch {
    return snapshot
  }
}
