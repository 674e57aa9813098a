/**
 * The buffer of one scan, for the next one: to make one for each file of half a megabyte took a tenth of all the processor time
 * of reading it, most of it in the collections of garbage that so much memory outside of the heap brings about.
 */
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
