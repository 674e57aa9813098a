/** What a member of the group says of itself when it joins. */
export interface MemberState {
  readonly memberId: string
  /** Partitions of which it reads, or has claims. They stay with it. */
  readonly held: readonly number[]
}

/**
 * Which member gets which partitions: each keeps what it holds, the rest is shared evenly. What two say that they hold, after
 * one was taken for dead, goes to the first.
 */
export function assign(members: readonly MemberState[], partitions: readonly number[]): Map<string, number[]> {
  const assigned = new Map<string, number[]>(members.map(({ memberId }) => [memberId, []]))
  const free = new Set(partitions)
  for (const { memberId, held } of members) {
    for (const partition of held) if (free.delete(partition)) assigned.get(memberId)!.push(partition)
  }
  for (const partition of [...free].sort((a, b) => a - b)) {
    const [fewest] = [...assigned.values()].sort((a, b) => a.length - b.length)
    fewest?.push(partition)
  }
  return assigned
}

/** What a member said that it holds, in the user data of its request; nothing when it speaks otherwise. */
export function heldIn(userData: Buffer): number[] {
  try {
    const { held } = JSON.parse(userData.toString()) as { held?: unknown }
    return Array.isArray(held) ? held.filter((partition): partition is number => Number.isInteger(partition)) : []
  } catch {
    return []
  }
}
