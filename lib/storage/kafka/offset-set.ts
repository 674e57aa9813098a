/** A set of offsets, most of which stand in a row: kept as runs. */
export class OffsetSet {
  readonly #starts: number[] = []
  /** One past the last of each run. */
  readonly #ends: number[] = []

  /** How many runs there are. */
  get runs(): number {
    return this.#starts.length
  }

  run(index: number): readonly [start: number, end: number] {
    return [this.#starts[index]!, this.#ends[index]!]
  }

  has(offset: number): boolean {
    const at = this.#firstEndingAfter(offset)
    return at < this.#starts.length && this.#starts[at]! <= offset
  }

  /** Adds those from `start` to before `end`. */
  add(start: number, end = start + 1): void {
    // Runs that only touch it become one with it.
    const first = this.#firstEndingAfter(start - 1)
    let last = first
    while (last < this.#starts.length && this.#starts[last]! <= end) last++
    if (last > first) {
      start = Math.min(start, this.#starts[first]!)
      end = Math.max(end, this.#ends[last - 1]!)
    }
    this.#starts.splice(first, last - first, start)
    this.#ends.splice(first, last - first, end)
  }

  /** Forgets what is below `offset`. */
  dropBelow(offset: number): void {
    const gone = this.#firstEndingAfter(offset)
    this.#starts.splice(0, gone)
    this.#ends.splice(0, gone)
    if (this.#starts.length > 0 && this.#starts[0]! < offset) this.#starts[0] = offset
  }

  /** The index of the first run of which something is at `offset` or later. */
  #firstEndingAfter(offset: number): number {
    let low = 0
    let high = this.#ends.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ends[middle]! > offset) high = middle
      else low = middle + 1
    }
    return low
  }
}
