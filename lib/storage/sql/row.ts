import type { Delivery } from '../../delivery.ts'
import { StorageError } from '../../errors.ts'
import { encodeRecords, encodeRequest } from '../envelope.ts'
import type { Cell } from './dialect.ts'

/** The columns that are written, in the order of a row's cells. */
export const writtenColumns = [
  'id',
  'version',
  'values',
  'timestamp',
  'attempts',
  'outcome',
  'code',
  'status',
  'request'
] as const

/** A delivery as it is written. */
export interface Row {
  readonly id: string
  readonly version: number
  readonly cells: readonly Cell[]
  /** About as many as it takes to send it. */
  readonly bytes: number
}

// For numbers, names and lengths.
const otherBytes = 512

export function rowOf(delivery: Delivery): Row {
  const { id, version, acceptedAt, totalAttempts, error } = delivery
  checkId(id)
  const records = encodeRecords(delivery)
  const request = encodeRequest(delivery)
  const outcome = error?.outcome ?? 'shutdown'
  const { code = null, status = null } = error ?? {}
  return {
    id,
    version,
    cells: [id, version + 1, records, acceptedAt, totalAttempts, outcome, code, status, request],
    bytes: Buffer.byteLength(records) + Buffer.byteLength(request) + id.length * 3 + otherBytes
  }
}

// One that the server would cut, alter or take for another one must not become a key.
function checkId(id: string): void {
  if (id !== '' && id.length <= 255 && !id.endsWith(' ') && !id.includes('\0') && id.isWellFormed()) return
  throw new StorageError(
    'SPW_ERR_STORAGE_REFUSED',
    `The id of a delivery must have 1 to 255 characters of valid Unicode, none of them NUL and the last one no space, got ${JSON.stringify(id.slice(0, 300))}.`,
    { retryable: false }
  )
}
