/** A line, or a row, as its bytes: without the newline. */
export interface Piece {
  readonly bytes: Uint8Array
  /** The number of its first line, from 1. */
  readonly line: number
  /** Where the next one starts, in bytes from the start of what was split. */
  readonly end: number
  /** Where its own bytes end, so that it is known again when its newline comes later. */
  readonly textEnd: number
  /** Of a line that is too long, given in parts so that it need not be held: whether more of it follows. */
  readonly cut?: 'more' | 'last'
}

/** Cuts a file's bytes into pieces. The bytes that it gives may be views of the chunks it was given. */
export interface Splitter {
  split(chunk: Uint8Array): Piece[]
  /** What is left at the end of the file. */
  end(): Piece[]
}

const carriageReturn = 0x0d
/** Parts of a line that is too long have so many bytes. */
const partBytes = 1024 * 1024
/** So many chunks are joined early: a source that gives byte by byte would else make an object of each. */
const manyChunks = 1024

/** The bytes of a piece whose end was not seen yet. */
export class Unfinished {
  readonly #most: number
  #chunks: Uint8Array[] = []
  #joinedChunks = 0
  #bytes = 0
  #at = 0
  #cut = false

  constructor(most: number) {
    this.#most = most
  }

  get isEmpty(): boolean {
    return this.#bytes === 0 && !this.#cut
  }

  take(bytes: Uint8Array, line: number, pieces: Piece[]): void {
    if (bytes.length === 0) return
    this.#at += bytes.length
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    if (this.#chunks.length - this.#joinedChunks >= manyChunks) {
      this.#chunks.push(Buffer.concat(this.#chunks.splice(this.#joinedChunks)))
      this.#joinedChunks++
    }
    if (this.#bytes > (this.#cut ? partBytes : this.#most)) this.#giveParts(line, pieces)
  }

  /** Ends the piece; `separator` bytes stand behind it. A blank one is none. */
  finish(line: number, pieces: Piece[], separator: number): void {
    this.#at += separator
    const end = this.#at
    const taken = this.#taken()
    const bytes = withoutReturn(taken)
    const textEnd = end - separator - (taken.length - bytes.length)
    if (this.#cut) pieces.push({ bytes, line, end, textEnd, cut: 'last' })
    else if (bytes.length > 0) pieces.push({ bytes, line, end, textEnd })
    this.#cut = false
  }

  #giveParts(line: number, pieces: Piece[]): void {
    const bytes = this.#taken()
    this.#cut = true
    let start = 0
    for (; start + partBytes < bytes.length; start += partBytes) {
      const part = bytes.subarray(start, start + partBytes)
      const end = this.#at - bytes.length + start + partBytes
      pieces.push({ bytes: part, line, end, textEnd: end, cut: 'more' })
    }
    this.#chunks.push(bytes.subarray(start))
    this.#bytes = bytes.length - start
  }

  #taken(): Uint8Array {
    const taken = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    this.#chunks = []
    this.#joinedChunks = 0
    this.#bytes = 0
    return taken
  }
}

function withoutReturn(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes
}
