/** A cell is 64 bytes of a segment. No line is shorter, so that each starts in a cell of its own. */
const cellBits = 6

/** A page has 2^15 cells, of 2 MiB of a segment. */
const pageBits = 15
const wordsOfPage = 2 ** pageBits / 32

export const cellAt = (offset: number): number => Math.floor(offset / 2 ** cellBits)

/**
 * A set of cells, as bits in pages that are made when something is in them: 128 KiB for a segment of 64 MiB, however many there
 * are, and 4 KiB for one far out.
 */
export class Cells {
  readonly #pages: Array<Uint32Array | undefined> = []

  has(cell: number): boolean {
    const page = this.#pages[cell >>> pageBits]
    return page !== undefined && (page[wordIn(cell)]! & (1 << (cell & 31))) !== 0
  }

  add(cell: number): void {
    const page = (this.#pages[cell >>> pageBits] ??= new Uint32Array(wordsOfPage))
    page[wordIn(cell)]! |= 1 << (cell & 31)
  }

  /** Whether there is none from this one on. */
  isEmptyFrom(cell: number): boolean {
    for (const later of this.#fromPage(cell >>> pageBits)) if (later >= cell) return false
    return true
  }

  /** From the first to the last. */
  [Symbol.iterator](): Generator<number> {
    return this.#fromPage(0)
  }

  *#fromPage(first: number): Generator<number> {
    for (let number = first; number < this.#pages.length; number++) {
      const page = this.#pages[number]
      if (page === undefined) continue
      for (let word = 0; word < wordsOfPage; word++) {
        const bits = page[word]!
        if (bits === 0) continue
        for (let bit = 0; bit < 32; bit++) if ((bits & (1 << bit)) !== 0) yield number * 2 ** pageBits + word * 32 + bit
      }
    }
  }
}

const wordIn = (cell: number): number => (cell & (2 ** pageBits - 1)) >>> 5
