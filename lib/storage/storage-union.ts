import type { Delivery } from '../delivery.ts'
import { matching } from './filter.ts'
import type { Entry, ReadOptions, Storage } from './storage.ts'

/**
 * A storage and its fallbacks as one, for those who read: what any of them holds, of several versions of one id the newest.
 *
 * The first is read first, then each fallback; within each the oldest comes first. One that fails does not hide what the
 * others hold: its error comes at the end, or goes to `failed` when that is given.
 */
export class StorageUnion implements Storage {
  readonly #storages: readonly Storage[]
  readonly #failed: ((error: Error) => void) | undefined
  readonly #holders = new WeakMap<Entry, Storage>()
  /** By id: what was read and not given, since a newer version is elsewhere. */
  readonly #older = new Map<string, Array<{ readonly storage: Storage; readonly entry: Entry }>>()
  /** By id: which version was removed, of what was stored more than once. */
  readonly #removed = new Map<string, number>()

  constructor(storages: readonly Storage[], failed?: (error: Error) => void) {
    this.#storages = storages
    this.#failed = failed
  }

  /** Opens all. Rejects with the first failure when none can be opened. */
  async open(): Promise<void> {
    const results = await Promise.allSettled(this.#storages.map(storage => storage.open()))
    const failures = results.filter(result => result.status === 'rejected')
    if (failures.length === results.length) throw failures[0]!.reason
  }

  /** Appends to the first: only `FailoverWritable` knows when to pass it over. */
  append(deliveries: readonly Delivery[]): Promise<void> {
    return this.#storages[0]!.append(deliveries)
  }

  async *read(options: ReadOptions = {}): AsyncGenerator<Entry> {
    const failures: Error[] = []
    const newest = new Map<string, number>()
    // What a storage leaves out by itself may be the newest version of what lies in another one.
    const isMixed = await this.#isInFallbacks(newest)
    const matches = isMixed ? matching(options.filter) : undefined
    for (const storage of this.#storages) {
      try {
        for await (const entry of storage.read(isMixed ? { ...options, filter: {} } : options)) {
          if (!isNewest(entry, newest)) await this.#passOver(storage, entry)
          else if (matches?.(entry.envelope) === false) entry.release?.()
          else yield this.#heldBy(storage, entry)
        }
      } catch (error) {
        failures.push(error as Error)
      }
    }
    const [failure] = failures
    if (failure === undefined) return
    if (this.#failed === undefined) throw failure
    this.#failed(failure)
  }

  /** Removes from where the entry was read, and older versions from where those were. */
  async remove(entries: readonly Entry[]): Promise<void> {
    // These first: an older version that outlives a newer one would be given again.
    await this.#removeOlder(entries)
    for (const storage of this.#storages) {
      const own = entries.filter(entry => (this.#holders.get(entry) ?? storage) === storage)
      if (own.length > 0) await storage.remove(own)
    }
    for (const { id, version } of entries) if (version > 1) this.#removed.set(id, version)
  }

  async close(): Promise<void> {
    await Promise.all(this.#storages.map(storage => storage.close()))
  }

  #heldBy(storage: Storage, entry: Entry): Entry {
    this.#holders.set(entry, storage)
    return entry
  }

  async #passOver(storage: Storage, entry: Entry): Promise<void> {
    const { id, version } = entry
    if (version <= (this.#removed.get(id) ?? 0)) return storage.remove([entry])
    entry.release?.()
    this.#older.set(id, [...(this.#older.get(id) ?? []), { storage, entry }])
  }

  // Each storage by its own entry: most know one by where it lies only.
  async #removeOlder(entries: readonly Entry[]): Promise<void> {
    for (const { id, version } of entries) {
      if (version === 1) continue
      const older = (this.#older.get(id) ?? []).filter(({ entry }) => entry.version < version)
      for (const { storage, entry } of older) await storage.remove([entry])
      this.#older.delete(id)
    }
  }

  /**
   * Whether the fallbacks hold anything. Of what was stored more than once an older version may lie in another storage: that is
   * known before the first is read.
   */
  async #isInFallbacks(newest: Map<string, number>): Promise<boolean> {
    let isAny = false
    for (const fallback of this.#storages.slice(1)) {
      try {
        for await (const entry of fallback.read()) {
          isAny = true
          isNewest(entry, newest)
        }
      } catch {
        // It is read once more, and fails then.
        isAny = true
      }
    }
    return isAny
  }
}

/** Whether no newer version is known; what was stored more than once is known from then on. */
function isNewest({ id, version }: Entry, newest: Map<string, number>): boolean {
  const known = newest.get(id) ?? 0
  if (version > Math.max(1, known)) newest.set(id, version)
  return version >= known
}
