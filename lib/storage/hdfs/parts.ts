import { crc32 } from 'node:zlib'
import type { Readable } from '../file/scan.ts'

/** Bytes of a file, in the parts that they came in: to put them together first would copy each once more. */
export class Parts implements Readable {
  /** Where in the file they begin, and end. */
  readonly from: number
  readonly to: number
  readonly #parts: readonly Buffer[]
  /** The part that was read last, and where it starts. */
  #at = 0
  #start: number

  constructor(parts: readonly Buffer[], from = 0) {
    this.#parts = parts
    this.from = from
    this.to = parts.reduce((end, { length }) => end + length, from)
    this.#start = from
  }

  has(position: number): boolean {
    return position >= this.from && position < this.to
  }

  /** Gives how many bytes were read: to the end of a part at most, and none where there are none. */
  async read(into: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    if (!this.has(position)) return 0
    const part = this.#partAt(position)
    const start = position - this.#start
    return part.copy(into, offset, start, start + length)
  }

  /** Of all of them. */
  crc(): number {
    return this.#parts.reduce((crc, part) => crc32(part, crc), 0)
  }

  #partAt(position: number): Buffer {
    if (position < this.#start) {
      this.#at = 0
      this.#start = this.from
    }
    let part = this.#parts[this.#at]!
    while (position >= this.#start + part.length) {
      this.#start += part.length
      part = this.#parts[++this.#at]!
    }
    return part
  }
}
