/** The buffer of one scan, for the next one: else each file of half a megabyte leaves as much garbage outside of the heap. */
export class Scratch {
  #bytes: Buffer | undefined

  /** At least so large, with anything in it; nobody else gets it before it is given back. */
  take(size: number): Buffer {
    const bytes = this.#bytes
    this.#bytes = undefined
    return bytes !== undefined && bytes.length >= size ? bytes : Buffer.allocUnsafeSlow(size)
  }

  giveBack(bytes: Buffer): void {
    this.#bytes = bytes
  }
}
