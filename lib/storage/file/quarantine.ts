import { join } from 'node:path'
import { type Disk, type DiskFile, writeAll } from './disk.ts'
import { codeOf } from './failure.ts'
import type { Folder } from './folder.ts'
import type { Damage } from './scan.ts'
import type { Segment } from './segment.ts'

const chunkBytes = 1024 * 1024

/**
 * Copies a damaged part of a segment to a file of its own, which nobody deletes, so that the segment can be deleted some day.
 * Its name says where it was; one that is there already is kept. Returns
 * whether it was made.
 */
export async function keepAside({ disk, path: folder }: Folder, segment: Segment, damage: Damage): Promise<boolean> {
  const path = join(folder, `${segment.id}.${damage.offset}.damaged`)
  if (await isKept(disk, path, damage)) return false
  const from = await disk.openForReading(segment.path)
  try {
    const to = await disk.create(path)
    try {
      await copy(from, damage, to)
      await to.sync()
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
  return true
}

// One that is shorter was left by a crash, or by a full disk.
async function isKept(disk: Disk, path: string, { bytes }: Damage): Promise<boolean> {
  try {
    const file = await disk.openForReading(path)
    const size = await file.size().finally(() => file.close())
    if (size >= bytes) return true
    await disk.remove(path)
    return false
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return false
    throw cause
  }
}

async function copy(from: DiskFile, { offset, bytes }: Damage, to: DiskFile): Promise<void> {
  const chunk = Buffer.alloc(Math.min(bytes, chunkBytes))
  for (let at = 0; at < bytes;) {
    const read = await from.read(chunk, 0, Math.min(chunk.length, bytes - at), offset + at)
    if (read === 0) throw new Error(`only ${at} of ${bytes} bytes are there`)
    await writeAll(to, [chunk.subarray(0, read)], at)
    at += read
  }
}
