import { StorageError } from '../../errors.ts'

/**
 * Between these are the entries, ours and StreamPark's: with a time before the year 2,000,000 their rows begin with 0x7f. What is
 * kept about them is below, in rows that begin with `~` and are text, since a REST server takes no other row to begin with.
 */
export const startOfEntries: Buffer = Buffer.from([0x7f])
export const endOfEntries: Buffer = Buffer.from([0x80])

const longestId = 30_000

/**
 * The row of an entry, a pure function of what it is, so that a repeated append writes the same row:
 *
 * - 8 bytes `Long.MAX_VALUE - acceptedAt`, as StreamPark has it: the newest row comes first;
 * - 8 bytes of the number in the id, counted down too: the order within a millisecond;
 * - the id, as in a JSON text;
 * - 4 bytes of the version, counted down: the versions of a delivery stand together, whatever other ids there are.
 */
export function rowKeyOf(id: string, version: number, acceptedAt: number): Buffer {
  const text = Buffer.from(idText(id))
  if (text.length > longestId) throw tooLong(text.length)
  const key = Buffer.allocUnsafe(20 + text.length)
  writeDown(key, 0, 0x7fffffff, Math.min(Math.max(Math.trunc(acceptedAt), 0), Number.MAX_SAFE_INTEGER))
  writeDown(key, 8, 0xffffffff, numberIn(id))
  text.copy(key, 16)
  key.writeUInt32BE(0xffffffff - version, key.length - 4)
  return key
}

/** Below it are the rows that are newer than this time, from it on those that are not. */
export function boundaryAt(time: number): Buffer {
  const key = Buffer.allocUnsafe(8)
  writeDown(key, 0, 0x7fffffff, Math.min(Math.max(time, 0), Number.MAX_SAFE_INTEGER))
  return key
}

/** The time that a row key begins with; what a short one, of somebody else, has not is 0. */
export function timeIn(row: Buffer): number {
  const key = row.length < 8 ? Buffer.concat([row, Buffer.alloc(8 - row.length)]) : row
  return (0x7fffffff - key.readUInt32BE(0)) * 2 ** 32 + (0xffffffff - key.readUInt32BE(4))
}

/** Whether two rows are versions of one delivery that was accepted once. */
export function areVersions({ key: one }: { key: Buffer }, { key: other }: { key: Buffer }): boolean {
  const isOurs = one.length >= 20 && one.length === other.length
  return isOurs && one.compare(other, 0, other.length - 4, 0, one.length - 4) === 0
}

/** The version that a row key of ours ends with. */
export const versionIn = (key: Buffer): number => 0xffffffff - key.readUInt32BE(key.length - 4)

/** Lone surrogates, which UTF-8 has not, are escaped: no two ids have the same text. */
export const idText = (id: string): string => JSON.stringify(id).slice(1, -1)

function writeDown(key: Buffer, at: number, from: number, value: number): void {
  key.writeUInt32BE(from - Math.floor(value / 2 ** 32), at)
  key.writeUInt32BE(0xffffffff - (value % 2 ** 32), at + 4)
}

// Ids of ours end with a counter to the base of 36, and with `.0` or `.1` when they were split.
function numberIn(id: string): number {
  const [, digits] = /-([0-9a-z]{1,10})(?:\.[01])*$/.exec(id) ?? []
  return digits === undefined ? 0 : Number.parseInt(digits, 36)
}

const tooLong = (bytes: number): StorageError =>
  new StorageError(
    'SPW_ERR_STORAGE_REFUSED',
    `The id of the delivery has ${bytes} bytes; a row key of HBase takes ${longestId} of it.`,
    { retryable: false }
  )
