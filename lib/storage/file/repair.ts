import { tellOfDamage } from './damage-notice.ts'
import { codeOf } from './failure.ts'
import type { Folder } from './folder.ts'
import { keepAside } from './quarantine.ts'
import type { Segment } from './segment.ts'

/**
 * Puts right what a crash left: cuts what the last write did not finish, and keeps aside what is damaged. What the disk does
 * not allow stays as it is: no data depends on it.
 */
export async function repair(folder: Folder): Promise<void> {
  for (const segment of folder.segments) {
    try {
      for (const damage of segment.damage.values()) if (await keepAside(folder, segment, damage)) folder.keptAside++
      segment.isKeptAside = true
    } catch (cause) {
      const reason = `a damaged part could not be kept aside (${String(codeOf(cause))}), the segment stays`
      tellOfDamage({ what: 'damaged', path: segment.path, segment: segment.id, reason })
    }
  }
  const last = folder.segments.at(-1)
  if (last !== undefined) await finish(folder, last)
}

// The last process may have died between its write and its sync: from now on what is there counts as durable, unless that sync
// had failed: see `renew`.
async function finish({ disk, removals }: Folder, segment: Segment): Promise<void> {
  // One whose end is written down ends there for ever.
  const isWhole = segment.damage.size === 0 && segment.start > 0 && !removals.ends.has(segment.id)
  try {
    const file = await disk.openForWriting(segment.path)
    try {
      if (isWhole) await file.truncate(segment.end)
      await file.sync()
      // What is written where a removed entry was would count as removed.
      segment.isGrowable = isWhole && !segment.isRemovedBeyondEnd
    } finally {
      await file.close()
    }
  } catch {
    segment.isGrowable = false
  }
}
