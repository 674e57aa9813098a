import { inspect } from 'node:util'
import type { Snapshot } from '../delivery/snapshot.ts'
import { storableHeaders } from '../storage/secret-headers.ts'
import type { Headers } from './target.ts'
import { urlText } from './url-text.ts'

/** What of a record can be kept when it cannot be encoded. */
export function described(record: unknown): Snapshot {
  if (typeof record === 'string') return record
  if (record instanceof Uint8Array) return Uint8Array.prototype.slice.call(record)
  try {
    return JSON.stringify(record) ?? String(record)
  } catch {
    return inspected(record)
  }
}

function inspected(record: unknown): string {
  try {
    return inspect(record, { depth: 8, breakLength: Infinity, maxArrayLength: 10_000, maxStringLength: 1_000_000 })
  } catch {
    return `[${typeof record}]`
  }
}

/** A request that is refused is stored whole, but for what is never stored of one: a password and secret headers. */
export function withoutSecrets(record: unknown): unknown {
  if (typeof record === 'string') return withoutPassword(record)
  if (typeof record !== 'object' || record === null) return record
  try {
    if (record instanceof URL) return withoutPassword(record)
    // By their descriptors: a getter may throw. What one would give may be secret.
    const { url, headers, ...others }: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(record)
    if (url !== undefined && 'value' in url) others.url = { ...url, value: withoutPassword(url.value) }
    if (headers !== undefined && 'value' in headers) others.headers = { ...headers, value: storable(headers.value) }
    return url === undefined ? record : Object.create(Object.getPrototypeOf(record) as object | null, others)
  } catch {
    return record
  }
}

function withoutPassword(url: unknown): unknown {
  const text = urlText(url)
  return typeof text === 'string' ? text.replace(/\/\/[^/?#]*@/, '//') : url
}

const storable = (headers: unknown): unknown =>
  typeof headers === 'object' && headers !== null
    ? storableHeaders({ headers: headers as Headers, format: undefined })
    : headers
