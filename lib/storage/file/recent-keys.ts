// Of the 4 Ki to 8 Ki deliveries that were appended last. More would not fit into the processor's cache.
const generation = 4 * 1024

/** The keys that were appended last: an append that is repeated, because nobody knew how it ended, is known by them. */
export class RecentKeys {
  #young = new Map<string, number>()
  #old = new Map<string, number>()

  /** The version of this id, 0 when it is not among them. */
  version(id: string): number {
    return this.#young.get(id) ?? this.#old.get(id) ?? 0
  }

  set(id: string, version: number): void {
    this.#young.set(id, version)
    if (this.#young.size < generation) return
    this.#old = this.#young
    this.#young = new Map()
  }

  delete(id: string): void {
    this.#young.delete(id)
    this.#old.delete(id)
  }
}
