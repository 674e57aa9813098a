import { StorageError } from '../../errors.ts'
import { claimedLength, isIntact, line, lineOf } from './line.ts'

/** The version of the files that this release writes, and the only one that it reads. */
const formatVersion = 1

export type FileKind = 'segment' | 'removals'

export interface FileHeader {
  readonly spillway: FileKind
  readonly version: number
  /** Whose file it is. */
  readonly segment?: string
}

// Its CRC has no seed, so that every release can tell of what version a file is.
const seed = 0

/** The first line of a file. */
export function headerLine(kind: FileKind, segment?: string): Buffer {
  return lineOf(JSON.stringify({ spillway: kind, version: formatVersion, segment } satisfies Partial<FileHeader>), seed)
}

/** The bytes that are enough for a first line. */
export const headerBytes = 1024

/**
 * The header and its length that a file starts with, if any. Throws `SPW_ERR_STORAGE` when a later release wrote the file.
 */
export function headerIn(bytes: Buffer, path: string): { header: FileHeader; length: number } | undefined {
  const textBytes = bytes.length < line.head ? -1 : claimedLength(bytes, 0)
  const length = textBytes + line.overhead
  if (textBytes < 0 || length > bytes.length || !isIntact(bytes, 0, length, seed)) return undefined
  const header = JSON.parse(bytes.toString('utf8', line.head, length - 1)) as FileHeader
  if (header.version === formatVersion) return { header, length }
  const message = `Cannot read ${path}: it is of version ${header.version}, this release reads version ${formatVersion}.`
  throw new StorageError('SPW_ERR_STORAGE', message, { retryable: false })
}
