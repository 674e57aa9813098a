import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StorageError } from '../errors.ts'
import { type Disk, writeAll } from '../storage/file/disk.ts'
import { codeOf, storageError } from '../storage/file/failure.ts'
import { isIntact, line, lineOf } from '../storage/file/line.ts'
import type { Progress } from './place.ts'

/** How a file was when its place was written: by these bytes it is known again, whatever was added to it. */
export interface Fingerprint {
  /** Bytes of its head, and their digest. */
  readonly head: readonly [bytes: number, digest: string]
  /** The digest of the bytes before `at`, or nothing where they cannot be read again. */
  readonly tail?: readonly [at: number, digest: string]
  readonly size: number
}

/** What is written of a place. */
export interface PlaceRecord extends Progress {
  /** The version of this form. */
  readonly v: 1
  /** The file, for who looks. */
  readonly input: string
  /** Begins the ids of the records. */
  readonly prefix: string
  readonly fingerprint: Fingerprint
}

/**
 * The place that was written there. `undefined` when there is none, `'damaged'` when it is not what was written. Throws
 * `SPW_ERR_STORAGE` for one of a later release.
 */
export async function readPlace(path: string): Promise<PlaceRecord | 'damaged' | undefined> {
  const bytes = await contentOf(path)
  if (bytes === undefined) return undefined
  if (bytes.length < line.overhead || !isIntact(bytes, 0, bytes.length, 0)) return 'damaged'
  const { v, ...place } = JSON.parse(bytes.toString('utf8', line.head)) as PlaceRecord
  if (v !== 1) {
    const message = `Cannot read ${path}: it is a place of version ${String(v)}, written by a later release.`
    throw new StorageError('SPW_ERR_STORAGE', message, { retryable: false })
  }
  return { v, ...place }
}

/** Replaces it: after a crash there is the old one or this. Rejects with a `StorageError`. */
export async function writePlace(disk: Disk, path: string, place: PlaceRecord): Promise<void> {
  const temporary = `${path}.new`
  try {
    await disk.remove(temporary).catch(ignoreMissing)
    const file = await disk.create(temporary)
    try {
      await writeAll(file, [lineOf(JSON.stringify(place), 0)], 0)
      await file.sync()
    } finally {
      await file.close()
    }
    await disk.rename(temporary, path)
    await disk.syncFolder(dirname(path))
  } catch (cause) {
    throw storageError(`write to ${path}`, cause)
  }
}

async function contentOf(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw storageError(`read ${path}`, cause)
  }
}

function ignoreMissing(cause: unknown): void {
  if (codeOf(cause) !== 'ENOENT') throw cause as Error
}
