import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** What the name of a data file says. A claim adds to it who has the file: `~` and the owner. */
export interface FileName {
  /** The name without a claim. No other file of the storage has the same one. */
  readonly base: string
  /** Milliseconds since 1970, by the clock of the writer; never twice the same of one writer. */
  readonly time: number
  /** `undefined` when StreamPark wrote it: plain lines, how many is not known. */
  readonly entries: number | undefined
  readonly lowestVersion: number
  readonly highestVersion: number
  /** The CRC of the whole file; `undefined` where the name does not say. */
  readonly crc: number | undefined
  readonly owner: string | undefined
}

/** `<time>_<writer>-<number of entries>`, the versions in it where they are not all 1, `v1-3`, and its CRC: `c0badcafe`. */
const own = /^(\d{13})_[0-9a-f]{16}-([1-9]\d{0,8})(?:v([1-9]\d{0,8})-([1-9]\d{0,8}))?(?:c([0-9a-f]{8}))?$/
const crcMark = /c[0-9a-f]{8}$/
const streamPark = /^(\d{13})_(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/
const ownerName = /^[0-9a-f]{16}$/

/** Who writes files, or claims them. */
export const newOwner = (): string => randomBytes(8).toString('hex')

/** Without the CRC, which is that of lines which start from this name. */
export function newFileName(time: number, writer: string, versions: readonly number[]): FileName {
  let [lowest, highest] = [Infinity, 0]
  for (const version of versions) {
    lowest = Math.min(lowest, version)
    highest = Math.max(highest, version)
  }
  const mark = highest > 1 ? `v${lowest}-${highest}` : ''
  // A clock that was never set stands at 1970: names are told by their 13 digits, and stand in order by them.
  const base = `${String(time).padStart(13, '0')}_${writer}-${versions.length}${mark}`
  const entries = versions.length
  return { base, time, entries, lowestVersion: lowest, highestVersion: highest, crc: undefined, owner: undefined }
}

/** The name of the file that has these bytes. */
export function withCrc(name: FileName, bytes: Uint8Array): FileName {
  const crc = crc32(bytes)
  return { ...name, base: `${name.base}c${crc.toString(16).padStart(8, '0')}`, crc }
}

/** `undefined` when it is no data file. */
export function fileNameIn(name: string): FileName | undefined {
  const [base = '', owner, ...more] = name.split('~')
  if (more.length > 0 || (owner !== undefined && !ownerName.test(owner))) return undefined
  const ours = own.exec(base)
  if (ours !== null) {
    const [, time, entries, lowest = '1', highest = '1', crcText] = ours
    const versions = { lowestVersion: Number(lowest), highestVersion: Number(highest) }
    const crc = crcText === undefined ? undefined : Number.parseInt(crcText, 16)
    return { base, time: Number(time), entries: Number(entries), ...versions, crc, owner }
  }
  const theirs = streamPark.exec(base)
  if (theirs === null) return undefined
  const versions = { lowestVersion: 1, highestVersion: 1 }
  return { base, time: Number(theirs[1]), entries: undefined, ...versions, crc: undefined, owner }
}

/** What a file is called while this owner has claimed it; without an owner, while nobody has. */
export const claimedName = (base: string, owner: string | undefined): string =>
  owner === undefined ? base : `${base}~${owner}`

/** What the CRC of every line of a file starts with. */
export const seedOf = (base: string): number => crc32(base.replace(crcMark, ''))
