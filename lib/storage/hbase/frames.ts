/** Puts frames of a 4-byte length and so many bytes together from what a socket gives. */
export class Frames {
  readonly #mostBytes: number
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** The frames that are complete with this chunk, without their length. Throws a `RangeError` for an impossible length. */
  *add(chunk: Buffer): Generator<Buffer> {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    while (this.#bytes >= 4) {
      const length = this.#head(4).readUInt32BE(0)
      if (length > this.#mostBytes) throw new RangeError(`a frame of ${length} bytes`)
      if (this.#bytes < 4 + length) return
      const all = this.#head(4 + length)
      this.#drop(4 + length)
      yield all.subarray(4, 4 + length)
    }
  }

  // At least so many bytes in one piece. Joined only when they are all there: else a large frame were copied at every chunk.
  #head(count: number): Buffer {
    if (this.#chunks[0]!.length < count) {
      let taken = 0
      let bytes = 0
      while (bytes < count) bytes += this.#chunks[taken++]!.length
      this.#chunks.splice(0, taken, Buffer.concat(this.#chunks.slice(0, taken), bytes))
    }
    return this.#chunks[0]!
  }

  #drop(count: number): void {
    const [first] = this.#chunks
    this.#bytes -= count
    if (first!.length === count) this.#chunks.shift()
    else this.#chunks[0] = first!.subarray(count)
  }
}
