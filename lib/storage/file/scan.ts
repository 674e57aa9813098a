import type { DiskFile } from './disk.ts'
import { type LineBytes, viewOf } from '../line-bytes.ts'
import { claimedLength, isIntact, line } from './line.ts'
import { Scratch } from './scratch.ts'

/** What is scanned. */
export type Readable = Pick<DiskFile, 'read'>

/** A part of a file that is no line. */
export interface Damage {
  readonly offset: number
  readonly bytes: number
  /** The file ends within a line, as a crash leaves it. */
  readonly torn: boolean
}

/** Some lines of a file. Its bytes are valid until the next block is asked for. */
export interface Block extends LineBytes {
  /** Where in the file the bytes start. */
  readonly base: number
  /** Start and end of every intact line in `bytes`: of its head, and of its text. */
  readonly lines: readonly number[]
}

export interface Extent {
  readonly seed: number
  readonly from: number
  /** Nothing beyond this is looked at. */
  readonly to: number
  /** It is known to be as it was written: no line has to be checked. */
  readonly isIntact?: boolean
}

const chunkBytes = 1024 * 1024
const lineBreak = 0x0a
const space = 0x20

/**
 * The intact lines of a part of a file, in big blocks. What is damaged is told to `onDamage` and passed over: reading goes on
 * at the next intact line. A line that is longer than a block makes the block larger.
 */
export function scan(
  file: Readable,
  extent: Extent,
  onDamage: (damage: Damage) => void,
  scratch = new Scratch()
): AsyncGenerator<Block> {
  return new Scanner(file, extent, onDamage, scratch).blocks()
}

class Scanner {
  readonly #file: Readable
  readonly #seed: number
  readonly #isIntact: boolean
  readonly #to: number
  readonly #onDamage: (damage: Damage) => void
  readonly #scratch: Scratch
  #bytes: Buffer
  #view: DataView
  #base: number
  #have = 0
  #isAtEnd = false
  #damagedFrom = -1
  #torn = false
  /** The next line break is still to be found. */
  #isLost = false

  constructor(
    file: Readable,
    { seed, from, to, isIntact = false }: Extent,
    onDamage: (damage: Damage) => void,
    scratch: Scratch
  ) {
    this.#file = file
    this.#seed = seed
    this.#isIntact = isIntact
    this.#to = to
    this.#onDamage = onDamage
    this.#scratch = scratch
    this.#base = from
    this.#bytes = scratch.take(Math.max(line.overhead, Math.min(chunkBytes, to - from)))
    this.#view = viewOf(this.#bytes)
  }

  async *blocks(): AsyncGenerator<Block> {
    try {
      while (this.#base < this.#to) {
        await this.#fill()
        const lines: number[] = []
        const used = this.#parse(lines)
        if (lines.length > 0) yield { bytes: this.#bytes, view: this.#view, base: this.#base, lines }
        if (this.#isAtEnd) break
        this.#keepFrom(used)
      }
      this.#damageEndsAt(this.#to)
    } finally {
      // One that has grown is for a line such as there are few.
      if (this.#bytes.length <= chunkBytes) this.#scratch.giveBack(this.#bytes)
    }
  }

  async #fill(): Promise<void> {
    const wanted = Math.min(this.#bytes.length, this.#to - this.#base)
    while (this.#have < wanted) {
      const read = await this.#file.read(this.#bytes, this.#have, wanted - this.#have, this.#base + this.#have)
      // It became shorter than it was.
      if (read === 0) break
      this.#have += read
    }
    this.#isAtEnd = this.#have < wanted || this.#base + wanted >= this.#to
  }

  /** Returns up to where everything is judged. */
  #parse(lines: number[]): number {
    let at = 0
    while (at < this.#have) {
      const end = this.#isLost ? -1 : this.#endOfLine(at)
      if (end === 0) return at
      if (end > 0) {
        this.#damageEndsAt(this.#base + at)
        lines.push(at, end - 1)
        at = end
      } else {
        if (this.#damagedFrom < 0) this.#damagedFrom = this.#base + at
        at = this.#next(at)
      }
    }
    return at
  }

  /** The end of the intact line at `at`; 0 when more bytes are needed to tell; -1 when there is none. */
  #endOfLine(at: number): number {
    const isHeadHere = this.#have - at >= line.head
    const length = isHeadHere ? claimedLength(this.#bytes, at) : 0
    if (length < 0) return -1
    const end = at + line.overhead + length
    if (isHeadHere && end <= this.#have) {
      return this.#isIntact || isIntact(this.#bytes, at, end, this.#seed) ? end : -1
    }
    if (this.#lineBreakAfter(at) >= 0) return -1
    if (!this.#isAtEnd) return 0
    this.#torn = this.#damagedFrom < 0
    return -1
  }

  /**
   * Where the next line may start: after the next line break, or, when just that is what is damaged, where it should be, or
   * where something looks like the head of a line.
   */
  #next(at: number): number {
    const lineBreakAt = this.#lineBreakAfter(at)
    const length = this.#isLost || this.#have - at < line.head ? -1 : claimedLength(this.#bytes, at)
    const expected = length < 0 ? Infinity : at + line.overhead + length
    const next = Math.min(lineBreakAt < 0 ? Infinity : lineBreakAt + 1, expected, this.#headAfter(at, lineBreakAt))
    this.#isLost = next > this.#have
    return this.#isLost ? this.#have : next
  }

  #headAfter(at: number, lineBreakAt: number): number {
    const part = this.#bytes.subarray(at + 1, lineBreakAt < 0 ? this.#have : lineBreakAt)
    const last = part.length - line.head
    for (let start = 0; start <= last; start++) {
      const found = part.indexOf(space, start + 8)
      if (found < 0 || found - 8 > last) break
      start = found - 8
      if (claimedLength(part, start) >= 0) return at + 1 + start
    }
    return Infinity
  }

  #lineBreakAfter(at: number): number {
    const found = this.#bytes.indexOf(lineBreak, at)
    return found < this.#have ? found : -1
  }

  #damageEndsAt(end: number): void {
    if (this.#damagedFrom < 0) return
    this.#onDamage({ offset: this.#damagedFrom, bytes: end - this.#damagedFrom, torn: this.#torn })
    this.#damagedFrom = -1
  }

  #keepFrom(used: number): void {
    if (used === 0 && this.#have === this.#bytes.length) return this.#grow()
    this.#bytes.copyWithin(0, used, this.#have)
    this.#base += used
    this.#have -= used
  }

  #grow(): void {
    const needed = line.overhead + claimedLength(this.#bytes, 0)
    const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(needed, this.#have * 2), this.#to - this.#base))
    this.#bytes.copy(larger, 0, 0, this.#have)
    this.#bytes = larger
    this.#view = viewOf(larger)
  }
}
