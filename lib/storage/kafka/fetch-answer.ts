import { gunzipSync } from 'node:zlib'
import { ByteReader } from './byte-reader.ts'
import type { FetchedPartition } from './cluster.ts'
import { crc32c } from './crc32c.ts'
import { type Batch, FetchedRecord } from './fetched-record.ts'

/** An answer to a fetch, as kafkajs makes it of one of version 11. */
export interface FetchAnswer {
  readonly throttleTime: number
  readonly clientSideThrottleTime: number
  readonly errorCode: number
  readonly sessionId: number
  readonly responses: ReadonlyArray<{
    readonly topicName: string | null
    readonly partitions: ReadonlyArray<FetchedPartition & { readonly errorCode: number }>
  }>
}

/** The answers that `fetchAnswer` can read. */
export const fetchVersion = 11

// Of a batch of records: what its length counts is behind `lengthEnd`, its records are behind `batchHead`.
const lengthEnd = 12
const magicAt = 16
const checksumAt = 17
const checksumEnd = 21
const batchHead = 61
const magicOfBatches = 2
const compression = 7
const gzip = 1
const lastCompression = 4
const logAppendTime = 8
const transactional = 16
const control = 32
// Of an answer. A broker takes a batch of a megabyte, compressed, unless it is told otherwise.
const mostUnpacked = 2 ** 28

/**
 * What is in an answer to a fetch. kafkajs makes eight objects, and texts, of each message, which takes longer than all that is
 * done with it; and where a damaged record says that it has a thousand million headers, it makes them until no memory is left.
 *
 * `undefined` when kafkajs has to read it: batches that are compressed otherwise than by gzip, messages of Kafka before 0.11.
 * Throws what says why when it cannot be read.
 */
export function fetchAnswer(bytes: Buffer): FetchAnswer | undefined {
  const walk = new Walk(bytes)
  const answer = walk.answer()
  return walk.isForKafkajs ? undefined : answer
}

/** What `gunzipSync` gives with `info`. */
interface Unpacked {
  readonly buffer: Buffer
  /** It counts the bytes that it has taken. */
  readonly engine: { readonly bytesWritten: number }
}

/** Goes through all of an answer, also where kafkajs is to read some of it. */
class Walk {
  isForKafkajs = false
  readonly #reader: ByteReader
  #unpacked = 0

  constructor(bytes: Buffer) {
    this.#reader = new ByteReader(bytes)
  }

  answer(): FetchAnswer {
    const reader = this.#reader
    // As in kafkajs: the broker has waited already.
    const throttleTime = 0
    const clientSideThrottleTime = reader.int32()
    const errorCode = reader.int16()
    const sessionId = reader.int32()
    const responses = listIn(reader, () => {
      const topicName = reader.slice(reader.int16())?.toString() ?? null
      return { topicName, partitions: listIn(reader, () => this.#partition()) }
    })
    return { throttleTime, clientSideThrottleTime, errorCode, sessionId, responses }
  }

  #partition(): FetchAnswer['responses'][number]['partitions'][number] {
    const reader = this.#reader
    const partition = reader.int32()
    const errorCode = reader.int16()
    // Where the partition begins and ends, which is asked for elsewhere.
    reader.skip(24)
    const abortedTransactions = listIn(reader, () => ({
      producerId: reader.int64Text(),
      firstOffset: reader.int64Text()
    }))
    // Which replica to ask the next time.
    reader.skip(4)
    return { partition, errorCode, abortedTransactions, ...this.#records(reader.slice(reader.int32())) }
  }

  #records(bytes: Buffer | null): { messages: FetchedRecord[]; lastOffset: number } {
    const messages: FetchedRecord[] = []
    let lastOffset = -1
    if (bytes === null || bytes.length === 0) return { messages, lastOffset }
    if (bytes.length <= magicAt) throw new RangeError('not even the head of a batch')
    for (let at = 0; at + magicAt < bytes.length;) {
      if (bytes[at + magicAt]! < magicOfBatches) {
        // The next answer begins with what is behind others.
        if (at === 0) this.isForKafkajs = true
        break
      }
      if (bytes[at + magicAt] !== magicOfBatches) throw new RangeError('a batch of an unknown form')
      const end = at + lengthEnd + bytes.readInt32BE(at + lengthEnd - 4)
      // The last one may be cut: its rest comes with the next answer.
      if (end > bytes.length) break
      if (end < at + batchHead) throw new RangeError('a batch that is too short')
      lastOffset = this.#batch(bytes.subarray(at, end), messages)
      at = end
    }
    return { messages, lastOffset }
  }

  /** The offset at which it ends: compaction may have taken its last records, or all. */
  #batch(bytes: Buffer, into: FetchedRecord[]): number {
    // A broker gives what is on its disk as it is; kafkajs does not look.
    if (crc32c(bytes, checksumEnd) !== bytes.readUInt32BE(checksumAt))
      throw new RangeError('a batch of another checksum')
    const head = new ByteReader(bytes)
    const firstOffset = head.int64()
    head.skip(13)
    const attributes = head.int16()
    const lastOffset = firstOffset + head.int32()
    const firstTime = head.int64Text()
    const lastTime = head.int64Text()
    const producerId = head.int64Text()
    head.skip(6)
    const count = counted(head.int32())
    const packing = attributes & compression
    if (packing > gzip) {
      if (packing > lastCompression) throw new RangeError('a batch that is compressed in an unknown way')
      this.isForKafkajs = true
      return lastOffset
    }
    if (count === 0 && head.at === bytes.length) return lastOffset
    const isControl = (attributes & control) !== 0
    const inTransaction = (attributes & transactional) !== 0
    const batch: Batch = { isControl, inTransaction, producerId }
    const timeOfAll = (attributes & logAppendTime) === 0 ? undefined : timesFrom(lastTime)(0)
    const timeAfter = timesFrom(firstTime)
    const reader = packing === gzip ? new ByteReader(this.#unpack(bytes.subarray(head.at))) : head
    for (let left = count; left > 0; left--) {
      const length = reader.varint()
      const next = reader.at + length
      reader.skip(1)
      const sinceFirst = reader.varlong()
      const time = timeOfAll ?? timeAfter(sinceFirst)
      const offset = firstOffset + int32Of(reader.varint())
      into.push(new FetchedRecord(reader.bytes, reader.at, offset, time, batch))
      passRecord(reader)
      if (reader.at !== next) throw new RangeError('a record of another length')
    }
    if (reader.at !== reader.bytes.length) throw new RangeError('a batch of another length')
    return lastOffset
  }

  #unpack(bytes: Buffer): Buffer {
    const options = { maxOutputLength: mostUnpacked - this.#unpacked, info: true }
    const { buffer, engine } = gunzipSync(bytes, options) as unknown as Unpacked
    // What is behind the end, if it begins with a zero, is passed over in silence.
    if (engine.bytesWritten !== bytes.length) throw new RangeError('a batch of another length')
    this.#unpacked += buffer.length
    return buffer
  }
}

function listIn<T>(reader: ByteReader, read: () => T): T[] {
  const list: T[] = []
  for (let left = counted(reader.int32(), -1); left > 0; left--) list.push(read())
  return list
}

function counted(count: number, least = 0): number {
  if (count >= least) return count
  throw new RangeError('a negative count')
}

function int32Of(number: number): number {
  if ((number | 0) === number) return number
  throw new RangeError('an offset that is too far from the first one')
}

/** The times so long after a first one: texts where a number is not exact, since other clients write any time. */
function timesFrom(first: string): (since: number | bigint) => number | string {
  const start = Number(first)
  const isExact = Number.isSafeInteger(start)
  return since => {
    const time = start + Number(since)
    if (isExact && typeof since === 'number' && Number.isSafeInteger(time)) return time
    return String(BigInt.asIntN(64, BigInt(first) + BigInt(since)))
  }
}

// So that nothing is wrong when its parts are asked for.
function passRecord(reader: ByteReader): void {
  reader.skip(reader.varint())
  reader.skip(reader.varint())
  for (let left = 2 * counted(reader.varint()); left > 0; left--) reader.skip(reader.varint())
}
