import { BinaryReader as WireReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

export { BinaryWriter }

/** A reader that tells of which bytes. */
export class BinaryReader extends WireReader {
  readonly frame: Buffer

  constructor(frame: Uint8Array) {
    super(frame)
    this.frame = bufferOf(frame)
  }
}

// The field numbers in the files that use these are those of HBase's own .proto files, which may only ever grow.

/** What begins a field of this number that has a length: text, bytes, a message. */
const lengthTag = (field: number): number => (field << 3) | 2

/** What begins a field of this number that is a number or a truth. */
const numberTag = (field: number): number => field << 3

/** A message on its own. */
export function encoded(write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter()
  write(writer)
  return writer.finish()
}

/** A field that is a message. */
export function writeMessage(writer: BinaryWriter, field: number, write: (writer: BinaryWriter) => void): void {
  writer.uint32(lengthTag(field)).fork()
  write(writer)
  writer.join()
}

export function writeText(writer: BinaryWriter, field: number, value: string | Uint8Array): void {
  writer.uint32(lengthTag(field))
  if (typeof value === 'string') writer.string(value)
  else writer.bytes(value)
}

export function writeNumber(writer: BinaryWriter, field: number, value: number): void {
  writer.uint32(numberTag(field))
  // Most are small; for a 64-bit number the writer takes a detour by BigInt.
  if (value >= 0 && value <= 0xffffffff) writer.uint32(value)
  else writer.uint64(value)
}

/**
 * Calls `take` with the number of each field; what it does not read is passed over. Throws a `RangeError` when one goes beyond
 * the end of the message.
 */
export function eachField(
  reader: BinaryReader,
  end: number,
  take: (field: number, reader: BinaryReader) => unknown
): void {
  while (reader.pos < end) {
    const [field, type] = reader.tag()
    const start = reader.pos
    take(field, reader)
    if (reader.pos > start) continue
    // The reader would make a view of what nobody looks at.
    if (type === WireType.LengthDelimited) passOver(reader)
    else reader.skip(type, field)
  }
  if (reader.pos > end || end > reader.len) throw new RangeError('a field that goes beyond its message')
}

/** Passes over a field that has a length, and gives that. */
export function passOver(reader: BinaryReader): number {
  const length = reader.uint32()
  reader.pos += length
  return length
}

/** The fields of a message that is a field of another: its length, then so many bytes. */
export function eachFieldWithin(reader: BinaryReader, take: (field: number, reader: BinaryReader) => unknown): void {
  const length = reader.uint32()
  eachField(reader, reader.pos + length, take)
}

/** A 64-bit number that is none of the largest. The reader itself makes a `BigInt` of each, and there are several in every row. */
export function numberIn(reader: BinaryReader): number {
  const start = reader.pos
  const low = reader.uint32()
  // 7 bits a byte: of the fifth one the upper three bits, and all behind it, are above those 32.
  let high = 0
  for (let at = reader.pos - 1; at > start + 4; at--) high = high * 128 + (reader.frame[at]! & 0x7f)
  if (reader.pos > start + 4) high = high * 8 + ((reader.frame[start + 4]! & 0x70) >> 4)
  return high * 2 ** 32 + low
}

/** A view of the bytes, not a copy. */
export const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
