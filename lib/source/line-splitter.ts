import { type Piece, type Splitter, Unfinished } from './piece.ts'

const newline = 0x0a

/** A newline ends a line, alone or after a carriage return. A line of more than `most` bytes is given in parts. */
export class LineSplitter implements Splitter {
  readonly #unfinished: Unfinished
  #line = 1

  constructor(most: number) {
    this.#unfinished = new Unfinished(most)
  }

  split(chunk: Uint8Array): Piece[] {
    const pieces: Piece[] = []
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#unfinished.take(chunk.subarray(start, end), this.#line, pieces)
      this.#unfinished.finish(this.#line++, pieces, 1)
      start = end + 1
    }
    if (start < chunk.length) this.#unfinished.take(chunk.subarray(start), this.#line, pieces)
    return pieces
  }

  end(): Piece[] {
    const pieces: Piece[] = []
    if (!this.#unfinished.isEmpty) this.#unfinished.finish(this.#line, pieces, 0)
    return pieces
  }
}
