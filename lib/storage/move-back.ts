import type { Envelope } from './envelope.ts'
import { isRefusal } from './is-refusal.ts'
import { restoredDelivery } from './restored-delivery.ts'
import type { Entry, Storage } from './storage.ts'

// In one append at most: what is moved is in memory meanwhile.
const mostEntries = 500
const mostLength = 4 * 1024 * 1024

/**
 * Moves what one storage holds into another: appended there first, as the next version, and only then removed here. So nothing
 * is lost when the two are one under two names, since no removal reaches a newer version. What the other does not take stays. Resolves with how many were moved, at the end of what was there or when `signal` aborts; rejects with the
 * `StorageError` that ended it, and then nothing is claimed any more.
 */
export async function moveBack(from: Storage, to: Storage, signal: AbortSignal): Promise<number> {
  let moved = 0
  let group: Entry[] = []
  let length = 0
  try {
    for await (const entry of from.read({ claim: true, signal })) {
      group.push(entry)
      length += lengthOf(entry.envelope)
      if (group.length < mostEntries && length < mostLength) continue
      moved += await moveGroup(from, to, group)
      group = []
      length = 0
    }
    moved += await moveGroup(from, to, group)
    return moved
  } catch (error) {
    for (const entry of group) entry.release?.()
    throw error
  }
}

async function moveGroup(from: Storage, to: Storage, group: readonly Entry[]): Promise<number> {
  if (group.length === 0) return 0
  try {
    await to.append(group.map(({ envelope }) => restoredDelivery(envelope)))
  } catch (error) {
    if (!isRefusal(error)) throw error
    return moveApart(from, to, group)
  }
  await from.remove(group)
  return group.length
}

// One that is not taken must not keep the others back.
async function moveApart(from: Storage, to: Storage, group: readonly Entry[]): Promise<number> {
  if (group.length === 1) {
    group[0]!.release?.()
    return 0
  }
  const middle = group.length >> 1
  const moved = await moveGroup(from, to, group.slice(0, middle))
  return moved + (await moveGroup(from, to, group.slice(middle)))
}

const lengthOf = ({ records }: Envelope): number =>
  records.reduce((sum, record) => sum + (typeof record === 'string' ? record : record.base64).length, 0)
