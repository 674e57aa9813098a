import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** A call or an answer of HBase's protocol: header and message, each with its length in front. */
export interface RpcFrame {
  readonly id: number
  /** Of a call. */
  readonly method: string
  /** Of an answer: its header without the id, that is an exception, and its message. */
  readonly exception: Buffer | undefined
  readonly message: Buffer
}

/** A frame without its length. */
export function frameIn(bytes: Buffer): RpcFrame {
  const reader = new BinaryReader(bytes)
  const end = reader.uint32() + reader.pos
  let id = 0
  let method = ''
  let exception: Buffer | undefined
  while (reader.pos < end) {
    const [field, type] = reader.tag()
    if (field === 1) id = reader.uint32()
    else if (field === 3 && type === WireType.LengthDelimited) method = reader.string()
    else if (field === 2 && type === WireType.LengthDelimited) exception = Buffer.from(reader.bytes())
    else reader.skip(type)
  }
  return { id, method, exception, message: bytes.subarray(reader.pos) }
}

/** An answer with its length, to the call of this id. */
export function answerOf(id: number, message: Uint8Array, exception?: Uint8Array): Buffer {
  const header = new BinaryWriter().uint32(8).uint32(id)
  if (exception !== undefined) header.uint32(18).bytes(exception)
  return framed(Buffer.concat([new BinaryWriter().bytes(header.finish()).finish(), message]))
}

/** The bytes with their length in front. */
export function framed(body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}
