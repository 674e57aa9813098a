import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire'

export { BinaryReader, BinaryWriter }

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

/** Calls `take` with the number of each field; what it does not read is passed over. */
export function eachField(
  reader: BinaryReader,
  end: number,
  take: (field: number, reader: BinaryReader) => unknown
): void {
  while (reader.pos < end) {
    const [field, type] = reader.tag()
    const start = reader.pos
    take(field, reader)
    if (reader.pos === start) reader.skip(type, field)
  }
}

/** The fields of a message that is a field of another: its length, then so many bytes. */
export function eachFieldWithin(reader: BinaryReader, take: (field: number, reader: BinaryReader) => unknown): void {
  const length = reader.uint32()
  eachField(reader, reader.pos + length, take)
}

export const textIn = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()

/** A view of the bytes, not a copy. */
export const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
