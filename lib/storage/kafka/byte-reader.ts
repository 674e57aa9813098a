const mostOf64Bits = 2n ** 64n - 1n

/** Goes through bytes that are in Kafka's protocol. What is not there is a `RangeError`. */
export class ByteReader {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  int8(): number {
    return this.bytes.readInt8(this.#passed(1))
  }

  int16(): number {
    return this.bytes.readInt16BE(this.#passed(2))
  }

  int32(): number {
    return this.bytes.readInt32BE(this.#passed(4))
  }

  /** A `RangeError` too when it is more than a number holds. */
  int64(): number {
    const at = this.#passed(8)
    return safe(this.bytes.readInt32BE(at) * 2 ** 32 + this.bytes.readUInt32BE(at + 4))
  }

  /** The same number as a text, whatever it is. */
  int64Text(): string {
    return this.bytes.readBigInt64BE(this.#passed(8)).toString()
  }

  /** Of any length, zigzag. A `RangeError` too when it is more than a number holds. */
  varint(): number {
    const value = this.varlong()
    if (typeof value === 'number') return value
    throw new RangeError('a number that is too large')
  }

  /** The same, exact whatever it is. A `RangeError` when it is more than 64 bits. */
  varlong(): number | bigint {
    const from = this.at
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes[this.at++]
      if (byte === undefined || factor > 2 ** 63) throw new RangeError('a number that does not end')
      value += (byte & 127) * factor
      if (byte < 128) break
    }
    if (value > Number.MAX_SAFE_INTEGER) return this.#varlongFrom(from)
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** So many bytes, not copied; null when the length is -1. */
  slice(length: number): Buffer | null {
    if (length === -1) return null
    const at = this.#passed(length)
    return this.bytes.subarray(at, this.at)
  }

  skip(length: number): void {
    if (length !== -1) this.#passed(length)
  }

  /** Passes so many bytes, and says whether they are these. */
  passes(length: number, wanted: Buffer): boolean {
    const from = this.at
    this.skip(length)
    if (length !== wanted.length) return false
    for (let i = 0; i < length; i++) if (this.bytes[from + i] !== wanted[i]) return false
    return true
  }

  #varlongFrom(from: number): bigint {
    let value = 0n
    for (let at = this.at - 1; at >= from; at--) value = (value << 7n) | BigInt(this.bytes[at]! & 127)
    if (value > mostOf64Bits) throw new RangeError('a number that is too large')
    return value % 2n === 0n ? value / 2n : -(value + 1n) / 2n
  }

  #passed(length: number): number {
    const { at } = this
    if (length < 0 || at + length > this.bytes.length) throw new RangeError('more than there is')
    this.at = at + length
    return at
  }
}

function safe(number: number): number {
  if (Number.isSafeInteger(number)) return number
  throw new RangeError('a number that is too large')
}
