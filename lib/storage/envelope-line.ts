import { isUtf8 } from 'node:buffer'
import type { Snapshot } from '../delivery/snapshot.ts'
import type { Delivery } from '../delivery.ts'
import { encodeEnvelope, type Envelope, keyText, parseEnvelope, parseEnvelopeAnew, restText } from './envelope.ts'
import { envelopeOfParts, type Rest, restIn } from './envelope-rest.ts'
import { endOfNumber, isAt, isPlainNumber, type LineBytes, numberIn, wanted } from './line-bytes.ts'
import { isPlainId, lineKeyIn } from './line-key.ts'

/** An envelope in a line whose records stand behind it as they are. */
interface PlainLine extends Pick<Envelope, 'id' | 'version' | 'acceptedAt'> {
  /** Where the lengths begin that it has in place of `records`. */
  readonly keyEnd: number
  /** Where they end. */
  readonly restAt: number
  /** Where the records begin, and how long each is, in bytes. */
  readonly recordsAt: number
  readonly lengths: readonly number[]
}

const acceptedAtStart = wanted(',"acceptedAt":')
const lengthsStart = wanted(',"lengths":[')
const lineBreak = 0x0a
const comma = 0x2c
const bracket = 0x5d

let last: { readonly bytes: DataView; readonly rest: Rest } | undefined

/**
 * The envelope of a delivery as a line of a file, without its end: in place of `records` it has their `lengths` in bytes, and
 * behind it they stand as they are. To escape a text and to parse it again takes as long as all else that is done to read an
 * entry. Where a record has a line break, or is no UTF-8, it is the JSON text of the envelope.
 */
export function encodeLine(delivery: Delivery): string {
  const plain = hasPlainKey(delivery) ? plainRecords(delivery) : undefined
  if (plain === undefined) return encodeEnvelope(delivery)
  return `${keyText(delivery)},"lengths":[${plain.lengths}]${restText(delivery)}${plain.text}`
}

/** The envelope in a line, without its end. Throws `SPW_ERR_STORAGE` like `parseEnvelope`. */
export function envelopeInLine(lines: LineBytes, from: number, to: number): Envelope {
  const { bytes } = lines
  const line = plainLineIn(lines, from, to)
  if (line === undefined) return parseEnvelope(bytes.toString('utf8', from, to))
  const records = recordsIn(bytes, line)
  const rest = restAt(lines, line.restAt, line.recordsAt)
  if (rest !== undefined) return envelopeOfParts(line, records, rest)
  const [key, others] = [bytes.toString('utf8', from, line.keyEnd), bytes.toString('utf8', line.restAt, line.recordsAt)]
  return Object.assign(parseEnvelopeAnew(`${key},"records":[]${others}`), { records })
}

function plainRecords({ records }: Delivery): { readonly lengths: string; readonly text: string } | undefined {
  let [lengths, text] = ['', '']
  for (const record of records) {
    if (!isPlain(record)) return undefined
    lengths += lengths === '' ? Buffer.byteLength(record) : `,${Buffer.byteLength(record)}`
    text += typeof record === 'string' ? record : textOf(record)
  }
  return lengths === '' ? undefined : { lengths, text }
}

const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString()

const hasPlainKey = ({ id, version, acceptedAt }: Delivery): boolean =>
  isPlainId(id) && isPlainNumber(version + 1) && isPlainNumber(acceptedAt)

const isPlain = (record: Snapshot): boolean =>
  typeof record === 'string'
    ? !record.includes('\n') && record.isWellFormed()
    : !record.includes(lineBreak) && isUtf8(record)

/** `undefined` when its records are within it, or it is of another form. */
function plainLineIn(lines: LineBytes, from: number, to: number): PlainLine | undefined {
  const { bytes, view } = lines
  const key = lineKeyIn(lines, from)
  if (key === undefined || !isAt(view, key.end, acceptedAtStart)) return undefined
  const acceptedAtAt = key.end + acceptedAtStart.byteLength
  const keyEnd = endOfNumber(bytes, acceptedAtAt)
  if (!isAt(view, keyEnd, lengthsStart)) return undefined
  const lengths: number[] = []
  let recordsAt = to
  for (let at = keyEnd + lengthsStart.byteLength; ;) {
    const end = endOfNumber(bytes, at)
    if (end === -1) return undefined
    const length = numberIn(bytes, at, end)
    lengths.push(length)
    recordsAt -= length
    at = end + 1
    if (bytes[end] === comma) continue
    if (bytes[end] !== bracket || recordsAt < at) return undefined
    const id = bytes.toString('utf8', key.idAt, key.idEnd)
    const acceptedAt = numberIn(bytes, acceptedAtAt, keyEnd)
    return { id, version: key.version, acceptedAt, keyEnd, restAt: at, recordsAt, lengths }
  }
}

function recordsIn(bytes: Buffer, { recordsAt, lengths }: PlainLine): string[] {
  const records: string[] = []
  let from = recordsAt
  for (const length of lengths) records.push(bytes.toString('utf8', from, (from += length)))
  return records
}

/** What stands between lengths and records, if it has come before. */
function restAt({ bytes, view }: LineBytes, from: number, to: number): Rest | undefined {
  if (last?.bytes.byteLength === to - from && isAt(view, from, last.bytes)) return last.rest
  const text = bytes.toString('utf8', from, to)
  const rest = restIn(text)
  if (rest?.text !== text) return undefined
  last = { bytes: wanted(bytes.subarray(from, to)), rest }
  return rest
}
