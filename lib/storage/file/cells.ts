/** A cell is 64 bytes of a segment. No line is shorter, so that each starts in a cell of its own. */
const cellBits = 6

export const cellAt = (offset: number): number => Math.floor(offset / 2 ** cellBits)

/** A set of cells, as bits: 128 KiB for a segment of 64 MiB, however many there are. */
export class Cells {
  #bits = new Uint32Array(0)

  has(cell: number): boolean {
    return ((this.#bits[cell >>> 5] ?? 0) & (1 << (cell & 31))) !== 0
  }

  add(cell: number): void {
    const word = cell >>> 5
    if (word >= this.#bits.length) this.#grow(word)
    this.#bits[word]! |= 1 << (cell & 31)
  }

  /** Whether there is none from this one on. */
  isEmptyFrom(cell: number): boolean {
    if ((this.#bits[cell >>> 5] ?? 0) >>> (cell & 31) !== 0) return false
    return this.#bits.subarray((cell >>> 5) + 1).every(bits => bits === 0)
  }

  *[Symbol.iterator](): Generator<number> {
    for (let word = 0; word < this.#bits.length; word++) {
      const bits = this.#bits[word]!
      if (bits === 0) continue
      for (let bit = 0; bit < 32; bit++) if ((bits & (1 << bit)) !== 0) yield word * 32 + bit
    }
  }

  #grow(word: number): void {
    const larger = new Uint32Array(Math.max(64, (word + 1) * 2))
    larger.set(this.#bits)
    this.#bits = larger
  }
}
