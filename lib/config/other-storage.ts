import { storageNames, storageSchema } from '../storage/registry.ts'

/** The options of a section without those that only the storage `before` takes, for one that is now another storage. */
export function withoutOwn(
  options: Readonly<Record<string, unknown>>,
  before: unknown,
  now: unknown
): Record<string, unknown> {
  const own = ownOptions(before)
  const taken = ownOptions(now)
  // Of a storage that there is not nothing is known; that is said when the section is checked.
  if (own === undefined || taken === undefined) return { ...options }
  return Object.fromEntries(Object.entries(options).filter(([name]) => !own.has(name) || taken.has(name)))
}

function ownOptions(storage: unknown): Set<string> | undefined {
  if (typeof storage !== 'string' || !storageNames.includes(storage)) return undefined
  return new Set(Object.keys(storageSchema(storage).properties))
}
