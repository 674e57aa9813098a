import { isRefusal } from './is-refusal.ts'

/**
 * The two halves of what was refused together, to be appended each for itself: one that a storage does not take must not keep
 * the others out. `undefined` for a single one, and for what failed in another way.
 */
export function refusedHalves<T>(
  items: readonly T[],
  error: unknown
): readonly [readonly T[], readonly T[]] | undefined {
  if (!isRefusal(error) || items.length < 2) return undefined
  const middle = Math.ceil(items.length / 2)
  return [items.slice(0, middle), items.slice(middle)]
}
