import type { Snapshot } from '../delivery/snapshot.ts'

/** How records become the body of a request. */
export interface Format {
  /** The `Content-Type` of the body. */
  readonly contentType: string
  /** A record's text or bytes. Runs once, when the record is accepted; what it throws refuses the record. */
  encode(record: unknown): Snapshot
  /** The body of one request. Runs when the batch closes, and again when it is split or read back from a storage. */
  join(parts: readonly Snapshot[]): Snapshot
  /** What stands around and between texts in the body, for the built-in formats that only put them together. @internal */
  readonly frame?: { readonly open: string; readonly separator: string; readonly close: string }
}

export type FormatName = 'json' | 'ndjson' | 'text' | 'form'

const jsonText = (record: unknown): Snapshot => {
  if (record instanceof Uint8Array) return Uint8Array.prototype.slice.call(record)
  const text = JSON.stringify(record) as string | undefined
  if (text === undefined)
    throw new TypeError(`${record === undefined ? 'undefined' : `a ${typeof record}`} has no JSON text`)
  return text
}

const jsonArray = (parts: readonly Snapshot[]): Snapshot => concatenated('[', parts, ',', ']')

/** One record a request: its JSON text. Several, from a batch that was stored: an array. */
const json: Format = {
  contentType: 'application/json',
  encode: jsonText,
  join: parts => (parts.length === 1 ? parts[0]! : jsonArray(parts))
}

/** Always an array, so that an endpoint that takes batches never sees anything else. */
const jsonBatch: Format = { ...json, join: jsonArray, frame: { open: '[', separator: ',', close: ']' } }

const ndjson: Format = {
  contentType: 'application/x-ndjson',
  encode: jsonText,
  join: parts => concatenated('', parts, '\n', '\n'),
  frame: { open: '', separator: '\n', close: '\n' }
}

const text: Format = {
  contentType: 'text/plain; charset=utf-8',
  encode(record) {
    if (record instanceof Uint8Array) return Uint8Array.prototype.slice.call(record)
    if (typeof record !== 'string') throw new TypeError(`a text record must be a string or bytes, got ${typeof record}`)
    if (!record.isWellFormed()) throw new TypeError('a lone surrogate has no UTF-8 bytes')
    return record
  },
  join: parts => (parts.length === 1 ? parts[0]! : concatenated('', parts, '\n', '')),
  frame: { open: '', separator: '\n', close: '' }
}

const form: Format = {
  contentType: 'application/x-www-form-urlencoded',
  encode(record) {
    if (typeof record !== 'object' || record === null) {
      throw new TypeError(`a form record must be an object, got ${record === null ? 'null' : typeof record}`)
    }
    const fields = new URLSearchParams()
    for (const [name, value] of Object.entries(record)) {
      for (const item of Array.isArray(value) ? (value as unknown[]) : [value])
        fields.append(name, fieldText(name, item))
    }
    return fields.toString()
  },
  join: parts => (parts.length === 1 ? parts[0]! : concatenated('', parts, '&', ''))
}

function fieldText(name: string, value: unknown): string {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError(`the form field ${name} has a lone surrogate`)
    return value
  }
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value ?? '')
  throw new TypeError(`the form field ${name} must be text, a number, a boolean or null, got ${typeof value}`)
}

/** Whether it is one of ours, which take bytes for a text. */
export const isBuiltIn = (format: Format): boolean => [json, jsonBatch, ndjson, text, form].includes(format)

/** The built-in formats by name; `json` depends on whether requests are batches. */
export function formatNamed(name: FormatName, batchSize: number): Format {
  if (name === 'json') return batchSize > 1 ? jsonBatch : json
  return { ndjson, text, form }[name]
}

// Strings stay strings as long as they can: most bodies never need a copy of their bytes before the socket.
function concatenated(open: string, parts: readonly Snapshot[], separator: string, close: string): Snapshot {
  if (parts.every(part => typeof part === 'string')) return open + parts.join(separator) + close
  const between = Buffer.from(separator)
  const pieces = parts.flatMap((part, i) => (i === 0 ? [Buffer.from(part)] : [between, Buffer.from(part)]))
  return Buffer.concat([Buffer.from(open), ...pieces, Buffer.from(close)])
}
