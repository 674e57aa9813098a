import { constants } from 'node:fs'
import { mkdir, open, readdir, realpath, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LockFile } from './lock-file.ts'

/**
 * The few calls by which the file storage touches the disk. Everything goes through them, so that a disk that fails, or one
 * that loses its power, can be put underneath.
 */
export interface Disk {
  /** Makes a folder and those above it. Returns the first that it made, if any was missing. */
  makeFolder(path: string): Promise<string | undefined>
  realPath(path: string): Promise<string>
  list(path: string): Promise<FolderItem[]>
  /** Never follows a symbolic link. */
  openForReading(path: string): Promise<DiskFile>
  openForWriting(path: string): Promise<DiskFile>
  /** Fails with `EEXIST` where there is one already. */
  create(path: string): Promise<DiskFile>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes what was created, renamed or removed in a folder durable. */
  syncFolder(path: string): Promise<void>
  /** The right to write to a folder. Rejects with `SPW_ERR_STORAGE_LOCKED` when another process has it. */
  lock(path: string): Promise<{ release(): Promise<void> }>
}

export interface FolderItem {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'other'
}

export interface DiskFile {
  size(): Promise<number>
  /** How many bytes it read: fewer than asked for at the end of the file. */
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<number>
  /** How many bytes it wrote: fewer than given when there was no room for more. */
  write(buffers: readonly Uint8Array[], position: number): Promise<number>
  truncate(length: number): Promise<void>
  /** Makes what was written durable. */
  sync(): Promise<void>
  close(): Promise<void>
}

// Windows has no such flag, and no such links without privileges.
const noFollow = (constants.O_NOFOLLOW as number | undefined) ?? 0
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = constants

export const nodeDisk: Disk = {
  makeFolder,
  realPath: path => realpath(path),
  async list(path) {
    const items = await readdir(path, { withFileTypes: true })
    return items.map(item => ({
      name: item.name,
      kind: item.isFile() ? 'file' : item.isDirectory() ? 'folder' : 'other'
    }))
  },
  openForReading: path => opened(path, O_RDONLY | noFollow),
  openForWriting: path => opened(path, O_RDWR | noFollow),
  create: path => opened(path, O_RDWR | O_CREAT | O_EXCL | noFollow),
  rename: (from, to) => rename(from, to),
  remove: path => unlink(path),
  async syncFolder(path) {
    // Windows opens no folders; there the file's own sync covers its name.
    if (process.platform === 'win32') return
    const folder = await open(path, O_RDONLY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
  lock: path => LockFile.take(path)
}

/**
 * With all that is missing above it; gives the topmost that was made. Node's own `recursive` tries for ever where a file system says
 * that there is nothing, and lets nobody make it, as /proc does.
 */
async function makeFolder(path: string): Promise<string | undefined> {
  try {
    return await makeOne(path)
  } catch (error) {
    const parent = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error
    const first = await makeFolder(parent)
    return (await makeOne(path)) === undefined ? first : (first ?? path)
  }
}

/** `undefined` when it is there already. */
async function makeOne(path: string): Promise<string | undefined> {
  try {
    await mkdir(path, 0o700)
    return path
  } catch (error) {
    // What the system says of a folder that is there differs: it may be read-only, or the root of a drive.
    const found = await stat(path).catch(() => undefined)
    if (found?.isDirectory() === true) return undefined
    throw error
  }
}

async function opened(path: string, flags: number): Promise<DiskFile> {
  const file = await open(path, flags, 0o600)
  return {
    size: async () => (await file.stat()).size,
    read: async (into, offset, length, position) => (await file.read(into, offset, length, position)).bytesRead,
    write: async (buffers, position) => (await file.writev(buffers, position)).bytesWritten,
    truncate: length => file.truncate(length),
    sync: () => file.datasync(),
    close: () => file.close()
  }
}

/** Makes a folder, durably. */
export async function makeDurableFolder(disk: Disk, path: string): Promise<void> {
  const first = await disk.makeFolder(path)
  if (first === undefined) return
  const top = dirname(first)
  for (let made = path; made !== top && made !== dirname(made); made = dirname(made))
    await disk.syncFolder(dirname(made))
}

/** Writes all of `buffers`. A short count is how a full disk shows first: the rest then says why. */
export async function writeAll(file: DiskFile, buffers: readonly Uint8Array[], position: number): Promise<void> {
  let rest = buffers
  let at = position
  while (rest.length > 0) {
    const written = await file.write(rest, at)
    if (written === 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' })
    at += written
    rest = without(rest, written)
  }
}

function without(buffers: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let left = written
  for (const [index, buffer] of buffers.entries()) {
    if (left < buffer.length) return [buffer.subarray(left), ...buffers.slice(index + 1)]
    left -= buffer.length
  }
  return []
}
