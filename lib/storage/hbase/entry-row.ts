import type { Delivery } from '../../delivery.ts'
import { encodeRecords, encodeRequest, type Envelope, joinEnvelope } from '../envelope.ts'
import { envelopeOfValue } from '../streampark-value.ts'
import { rowKeyOf, timeIn } from './row-key.ts'
import type { Put, Row } from './table.ts'

/** A delivery as a row, but for when it is appended. */
export interface EntryRow {
  readonly id: string
  readonly version: number
  readonly key: Buffer
  /** As `encodeRecords` has them, in pieces that HBase takes. */
  readonly values: ReadonlyArray<string | Buffer>
  readonly timestamp: Buffer
  readonly request: string
  readonly bytes: number
}

// HBase takes no cell above 10 MB, if nobody has configured another limit.
const pieceBytes = 8 * 1024 * 1024
// Nobody has claimed it. When it was appended is a part of it, so that a claim never meets what was appended anew meanwhile.
const free = '-'
const zero = 0x30

/** Throws `SPW_ERR_STORAGE_REFUSED` for an id that is too long for a row key. */
export function entryRowOf(delivery: Delivery): EntryRow {
  const { id, acceptedAt } = delivery
  const version = delivery.version + 1
  const records = encodeRecords(delivery)
  const length = Buffer.byteLength(records)
  const timestamp = Buffer.allocUnsafe(8)
  timestamp.writeInt32BE(Math.floor(acceptedAt / 2 ** 32), 0)
  timestamp.writeUInt32BE((Math.trunc(acceptedAt) % 2 ** 32) >>> 0, 4)
  const request = encodeRequest(delivery)
  const key = rowKeyOf(id, version, acceptedAt)
  // Each of the cells has the key, the family and some numbers beside its value.
  const bytes = length + request.length + 5 * (key.length + 40)
  const values = length > pieceBytes ? piecesOf(records) : [records]
  return { id, version, key, values, timestamp, request, bytes }
}

function piecesOf(text: string): Buffer[] {
  const bytes = Buffer.from(text)
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes))
  return pieces
}

/** `appended` is a time of our clock. That of the cells is the server's: see `storedAt`. */
export function putOf({ key, values, timestamp, request }: EntryRow, appended: number): Put {
  const pieces = values.map((value, i) => [i === 0 ? 'values' : `values.${i}`, value] as const)
  return { key, cells: [...pieces, ['timestamp', timestamp], ['request', request], ['claim', claimBy('', appended)]] }
}

/** Who has claimed a row: the id of a reader, or '' when nobody has. */
export function claimantOf(row: Row): string {
  const [claimant = ''] = claimText(row).split(/[/ ]/)
  return claimant === free ? '' : claimant
}

/** What the cell `claim` has now; '' when there is none, as in StreamPark's rows. */
export const claimText = ({ cells }: Row): string => cells.get('claim')?.text ?? ''

/** What the cell `claim` has when a reader has the row: `mark` is its id and, after a `/`, what else it wants. '' is nobody. */
export const claimBy = (mark: string, appended: number): string => `${mark === '' ? free : mark} ${appended}`

/**
 * When the row was written, by the server's clock: up to this time it is removed. That of a client would hide, once removed, what
 * another one appends again whose clock is behind. `undefined` when it is no entry, such as what a claim has left of a row.
 */
export const storedAt = ({ cells }: Row): number | undefined => cells.get('values')?.time

/** When an entry was appended, by the clock of who did; of StreamPark's, and of what somebody has altered, as the server says. */
export function appendedAt(row: Row): number {
  const claim = claimText(row)
  // The digits behind the last space, without the pieces of text that every row would need.
  let time = 0
  let at = claim.length - 1
  for (let factor = 1; at >= 0; at--, factor *= 10) {
    const digit = claim.charCodeAt(at) - zero
    if (digit < 0 || digit > 9) break
    time += digit * factor
  }
  return claim[at] === ' ' && time > 0 ? time : storedAt(row)!
}

/** Whether StreamPark, or somebody else, has written the row. */
export const isForeign = ({ cells }: Row): boolean => !cells.has('request')

/**
 * The envelope in a row. What StreamPark has written becomes one that is its row's for ever; what cannot be understood is shown
 * as it is, and refused, so that a replay leaves it alone.
 */
export function envelopeIn(row: Row): Envelope {
  const request = row.cells.get('request')?.text ?? ''
  const values = valuesOf(row)
  if (request === '') return foreignEnvelope(row, values)
  try {
    return joinEnvelope(request, values)
  } catch {
    return { ...foreignEnvelope(row, ''), records: [request, values], outcome: 'refused' }
  }
}

/** When a row that is not ours was written: as its columns say, else its key, else the server. */
export function foreignTime({ key, cells }: Row): number {
  const timestamp = cells.get('timestamp')?.value
  if (timestamp?.length === 8) return Number(timestamp.readBigInt64BE())
  return key.length === 8 ? timeIn(key) : cells.get('values')!.time
}

const foreignEnvelope = (row: Row, values: string): Envelope =>
  envelopeOfValue(values, { id: `hbase-${row.key.toString('hex')}`, acceptedAt: foreignTime(row) })

function valuesOf({ cells }: Row): string {
  if (!cells.has('values.1')) return cells.get('values')?.text ?? ''
  const pieces: Buffer[] = []
  for (let i = 0; ; i++) {
    const piece = cells.get(i === 0 ? 'values' : `values.${i}`)
    if (piece === undefined) return Buffer.concat(pieces).toString()
    pieces.push(piece.value)
  }
}
