import { codeOf } from './failure.ts'
import { type Disk, writeAll } from './disk.ts'
import type { Segment } from './segment.ts'

const chunkBytes = 1024 * 1024

/**
 * Makes durable what a process has written that is gone, whatever became of its sync: a system may take for clean what it could
 * not write, so that no later sync writes it, and who reads it finds it all the same, until the power goes. Here it is written again
 * as it is.
 */
export async function renew(disk: Disk, { path, end }: Segment): Promise<void> {
  const file = await disk.openForWriting(path).catch((cause: unknown) => {
    // Deleted meanwhile: all its entries were removed.
    if (codeOf(cause) !== 'ENOENT') throw cause
    return undefined
  })
  if (file === undefined) return
  try {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, end))
    for (let at = 0; at < end;) {
      const read = await file.read(chunk, 0, Math.min(chunk.length, end - at), at)
      if (read === 0) break
      await writeAll(file, [chunk.subarray(0, read)], at)
      at += read
    }
    await file.sync()
  } finally {
    await file.close()
  }
}
