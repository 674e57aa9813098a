import { crc32 } from 'node:zlib'

/**
 * A checked line: `crc32 length text\n`, both numbers as 8 hexadecimal digits, the CRC over all that follows it. The
 * text has no line break, so that reading finds the next line after a damaged one.
 */
export const line = {
  /** Bytes before the text. */
  head: 18,
  /** Bytes beside the text. */
  overhead: 19,
  /** The longest text, in bytes: one that a string still holds after it was read back, whatever it consists of. */
  longest: 2 ** 28
} as const

const space = 0x20
const lineBreak = 0x0a
const crcDigits = 9
const digits = Buffer.from('0123456789abcdef')

/** Puts length, spaces and line break around the text that stands at `start + line.head`. Returns the line's end. */
export function frame(bytes: Uint8Array, start: number, textBytes: number): number {
  const end = start + line.overhead + textBytes
  bytes[start + 8] = space
  writeHex(bytes, start + crcDigits, textBytes)
  bytes[start + 17] = space
  bytes[end - 1] = lineBreak
  return end
}

/** Writes the CRC of the line from `start` to `end`. It is bound to the file that has this seed. */
export function seal(bytes: Uint8Array, start: number, end: number, seed: number): void {
  writeHex(bytes, start, checksum(bytes, start, end, seed))
}

/** A whole line. */
export function lineOf(text: string, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(Buffer.byteLength(text) + line.overhead)
  bytes.write(text, line.head)
  seal(bytes, 0, frame(bytes, 0, bytes.length - line.overhead), seed)
  return bytes
}

/** The length of the text that the line at `start` says it has; -1 when this cannot be the head of a line. */
export function claimedLength(bytes: Uint8Array, start: number): number {
  if (bytes[start + 8] !== space || bytes[start + 17] !== space) return -1
  const length = readHex(bytes, start + crcDigits)
  return length > line.longest ? -1 : length
}

/** Whether the line from `start` to `end` is what was written to the file of this seed. */
export function isIntact(bytes: Uint8Array, start: number, end: number, seed: number): boolean {
  return bytes[end - 1] === lineBreak && readHex(bytes, start) === checksum(bytes, start, end, seed)
}

function checksum(bytes: Uint8Array, start: number, end: number, seed: number): number {
  const from = start + crcDigits
  return crc32(new Uint8Array(bytes.buffer, bytes.byteOffset + from, end - from), seed)
}

function writeHex(bytes: Uint8Array, at: number, number: number): void {
  for (let i = 7, rest = number; i >= 0; i--, rest >>>= 4) bytes[at + i] = digits[rest & 15]!
}

// Only lower case, as it is written: every byte of a line counts.
function readHex(bytes: Uint8Array, at: number): number {
  let number = 0
  for (let i = at; i < at + 8; i++) {
    const byte = bytes[i]!
    const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : -1
    if (digit < 0) return -1
    number = number * 16 + digit
  }
  return number
}
