import { type ErrorSummary, summaryOf } from '../delivery/error-summary.ts'
import type { Snapshot } from '../delivery/snapshot.ts'
import type { Delivery } from '../delivery.ts'
import { type StoredOutcome, StorageError } from '../errors.ts'
import { wrongField } from './envelope-fields.ts'
import { envelopeInText, envelopeInTexts } from './envelope-text.ts'
import { outcomeText, requestText } from './repeated-text.ts'
import { storableHeaders } from './secret-headers.ts'

/** A record in an envelope: its text, or its bytes where they are not text. */
export type StoredRecord = string | { readonly base64: string }

/** A delivery as it is stored, the same in every storage. */
export interface Envelope {
  /** The version of this form. */
  readonly v: 1
  readonly id: string
  /** How often the delivery has been stored, this time included. */
  readonly version: number
  /** Milliseconds since 1970. */
  readonly acceptedAt: number
  readonly records: readonly StoredRecord[]
  readonly method: string
  readonly url: string
  /** Never a secret one. */
  readonly headers: Readonly<Record<string, string>>
  /** Attempts in all lives. */
  readonly attempts: number
  readonly firstError?: ErrorSummary
  readonly lastError?: ErrorSummary
  readonly outcome: StoredOutcome
  /** Milliseconds since 1970 before which the endpoint asked not to be sent this. */
  readonly notBefore?: number
}

export function envelopeOf(delivery: Delivery): Envelope {
  const { error, firstError } = delivery
  return {
    v: 1,
    id: delivery.id,
    version: delivery.version + 1,
    acceptedAt: delivery.acceptedAt,
    records: delivery.records.map(stored),
    method: delivery.target.method,
    url: delivery.target.url,
    headers: storableHeaders(delivery.target),
    attempts: delivery.totalAttempts,
    ...(firstError === undefined ? {} : { firstError }),
    ...(error === undefined ? {} : { lastError: summaryOf(error) }),
    outcome: error?.outcome ?? 'shutdown',
    ...(error?.notBefore === undefined ? {} : { notBefore: error.notBefore })
  }
}

/** The JSON text of `envelopeOf(delivery)`, put together by hand: a storage that writes text needs no object first. */
export function encodeEnvelope(delivery: Delivery): string {
  return `${keyText(delivery)},"records":${encodeRecords(delivery)}${restText(delivery)}`
}

/** The JSON text of the envelope's `records` alone, for storages that keep them apart. */
export function encodeRecords({ records }: Delivery): string {
  let text = '['
  for (let i = 0; i < records.length; i++) text += i === 0 ? recordText(records[i]!) : `,${recordText(records[i]!)}`
  return text + ']'
}

/** The JSON text of the envelope without `records`. `joinEnvelope` puts the two together again. */
export function encodeRequest(delivery: Delivery): string {
  return keyText(delivery) + restText(delivery)
}

/** The envelope of the texts that `encodeRequest` and `encodeRecords` made. Throws `SPW_ERR_STORAGE` like `parseEnvelope`. */
export function joinEnvelope(request: string, records: string): Envelope {
  return (
    envelopeInTexts(request, records) ??
    checked({ ...(parsed(request) as Envelope), records: parsed(records) as Envelope['records'] })
  )
}

/** The envelope in a JSON text. Throws `SPW_ERR_STORAGE` when it is none, or one of a later version. */
export function parseEnvelope(text: string): Envelope {
  return envelopeInText(text) ?? parseEnvelopeAnew(text)
}

/** The same by `JSON.parse` alone, which shares nothing with what was parsed before. */
export function parseEnvelopeAnew(text: string): Envelope {
  return checked(parsed(text) as Envelope | undefined)
}

function checked(envelope: Envelope | undefined): Envelope {
  if (envelope?.v !== 1) throw broken(`an envelope of version ${String(envelope?.v)}`)
  const wrong = wrongField({ ...envelope })
  if (wrong !== undefined) throw broken(`an envelope without its ${wrong}`)
  return envelope
}

/** The snapshots that were stored. */
export function recordsOf({ records }: Envelope): Snapshot[] {
  return records.map(record => (typeof record === 'string' ? record : Buffer.from(record.base64, 'base64')))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw broken('a text that is not JSON', cause)
  }
}

const broken = (got: string, cause?: unknown): StorageError =>
  new StorageError('SPW_ERR_STORAGE', `Expected a stored delivery, got ${got}.`, { retryable: false, cause })

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function stored(record: Snapshot): StoredRecord {
  if (typeof record === 'string') return record
  try {
    return utf8.decode(record)
  } catch {
    return { base64: Buffer.from(record).toString('base64') }
  }
}

const recordText = (record: Snapshot): string => JSON.stringify(typeof record === 'string' ? record : stored(record))

/** The beginning of the JSON text of an envelope, up to its records. */
export const keyText = ({ id, version, acceptedAt }: Delivery): string =>
  `{"v":1,"id":${JSON.stringify(id)},"version":${version + 1},"acceptedAt":${acceptedAt}`

/** What stands behind the records, to its end. */
export const restText = (delivery: Delivery): string => requestText(delivery.target) + outcomeText(delivery)
