import type { DiskFile } from '../../../lib/storage/file/disk.ts'

/** A file of these bytes, to read. */
export function memoryFile(bytes: Buffer): DiskFile {
  const not = (): never => {
    throw new Error('This file is only read.')
  }
  return {
    size: async () => bytes.length,
    read: async (into, offset, length, position) => bytes.subarray(position, position + length).copy(into, offset),
    write: not,
    truncate: not,
    sync: not,
    close: async () => {}
  }
}
