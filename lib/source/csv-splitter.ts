import { type Piece, type Splitter, Unfinished } from './piece.ts'

const newline = 0x0a
const comma = 0x2c
const quote = 0x22

/**
 * A newline ends a row, but within quotes (RFC 4180). A row of more than `most` bytes is given in parts: one quote that is
 * never closed makes all that follows one row.
 *
 * Between two bytes it is at the start of a field, in a plain field, in a quoted one, or after a quote in a quoted one.
 */
export class CsvSplitter implements Splitter {
  readonly #unfinished: Unfinished
  #state: 'start' | 'plain' | 'quoted' | 'after-quote' = 'start'
  #line = 1
  #row = 1

  constructor(most: number) {
    this.#unfinished = new Unfinished(most)
  }

  split(chunk: Uint8Array): Piece[] {
    const pieces: Piece[] = []
    let start = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (byte === newline) this.#line++
      if (byte === newline && this.#state !== 'quoted') {
        this.#unfinished.take(chunk.subarray(start, i), this.#row, pieces)
        this.#unfinished.finish(this.#row, pieces, 1)
        this.#row = this.#line
        start = i + 1
        this.#state = 'start'
      } else this.#step(byte)
    }
    if (start < chunk.length) this.#unfinished.take(chunk.subarray(start), this.#row, pieces)
    return pieces
  }

  end(): Piece[] {
    const pieces: Piece[] = []
    if (!this.#unfinished.isEmpty) this.#unfinished.finish(this.#row, pieces, 0)
    return pieces
  }

  #step(byte: number): void {
    if (this.#state === 'quoted') {
      if (byte === quote) this.#state = 'after-quote'
    } else if (byte === quote && this.#state !== 'plain') this.#state = 'quoted'
    else this.#state = byte === comma ? 'start' : 'plain'
  }
}
