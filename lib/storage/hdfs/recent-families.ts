import type { Family } from './entry.ts'

// Of the 16 Ki to 32 Ki entries that a reading gave last: more than there are in the largest file, which may be there twice.
const generation = 16 * 1024

/** What a reading has given last: an entry that is there twice is known by it, as long as the two are not too far apart. */
export class RecentFamilies {
  #young = new Map<string, Family>()
  #old = new Map<string, Family>()

  get(id: string): Family | undefined {
    return this.#young.get(id) ?? this.#old.get(id)
  }

  set(id: string, family: Family): void {
    this.#young.set(id, family)
    if (this.#young.size < generation) return
    this.#old = this.#young
    this.#young = new Map()
  }
}
