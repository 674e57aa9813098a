import { ByteReader } from './byte-reader.ts'
import type { FetchedPartition } from './cluster.ts'
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
const batchHead = 61
const magicOfBatches = 2
const compressed = 7
const logAppendTime = 8
const transactional = 16
const control = 32

/**
 * What is in an answer to a fetch. kafkajs makes eight objects, and texts, of each message, which takes longer than all that is
 * done with it. `undefined` when there is something in it that is seldom: compressed batches, messages of Kafka before 0.11,
 * or what cannot be read at all.
 */
export function fetchAnswer(bytes: Buffer): FetchAnswer | undefined {
  try {
    return answerIn(new ByteReader(bytes))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function answerIn(reader: ByteReader): FetchAnswer {
  // As in kafkajs: the broker has waited already.
  const throttleTime = 0
  const clientSideThrottleTime = reader.int32()
  const errorCode = reader.int16()
  const sessionId = reader.int32()
  const responses = listIn(reader, () => {
    const topicName = reader.slice(reader.int16())?.toString() ?? null
    return { topicName, partitions: listIn(reader, () => partitionIn(reader)) }
  })
  return { throttleTime, clientSideThrottleTime, errorCode, sessionId, responses }
}

function partitionIn(reader: ByteReader): FetchAnswer['responses'][number]['partitions'][number] {
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
  return { partition, errorCode, abortedTransactions, messages: recordsIn(reader.slice(reader.int32())) }
}

function listIn<T>(reader: ByteReader, read: () => T): T[] {
  const list: T[] = []
  for (let left = counted(reader.int32(), -1); left > 0; left--) list.push(read())
  return list
}

function recordsIn(bytes: Buffer | null): FetchedRecord[] {
  const records: FetchedRecord[] = []
  if (bytes === null || bytes.length === 0) return records
  if (bytes.length <= magicAt) throw new RangeError('not even the head of a batch')
  for (let at = 0; at + magicAt < bytes.length;) {
    if (bytes[at + magicAt] !== magicOfBatches) throw new RangeError('messages of an older form')
    const end = at + lengthEnd + bytes.readInt32BE(at + lengthEnd - 4)
    // The last one may be cut: its rest comes with the next answer.
    if (end > bytes.length) break
    if (end < at + batchHead) throw new RangeError('a batch that is too short')
    readBatch(new ByteReader(bytes, at), end, records)
    at = end
  }
  return records
}

function readBatch(reader: ByteReader, end: number, into: FetchedRecord[]): void {
  const firstOffset = reader.int64()
  reader.skip(13)
  const attributes = reader.int16()
  if ((attributes & compressed) !== 0) throw new RangeError('a compressed batch')
  reader.skip(4)
  const firstTime = reader.int64()
  const lastTime = reader.int64()
  const producerId = reader.int64Text()
  reader.skip(6)
  const isControl = (attributes & control) !== 0
  const batch: Batch = { isControl, inTransaction: (attributes & transactional) !== 0, producerId }
  const timeOfAll = (attributes & logAppendTime) === 0 ? undefined : lastTime
  for (let left = counted(reader.int32()); left > 0; left--) {
    const length = reader.varint()
    const next = reader.at + length
    reader.skip(1)
    const sinceFirst = reader.varint()
    const time = timeOfAll ?? firstTime + sinceFirst
    const offset = firstOffset + reader.varint()
    into.push(new FetchedRecord(reader.bytes, reader.at, offset, time, batch))
    passRecord(reader)
    if (reader.at !== next || next > end) throw new RangeError('a record of another length')
  }
  if (reader.at !== end) throw new RangeError('a batch of another length')
}

function counted(count: number, least = 0): number {
  if (count >= least) return count
  throw new RangeError('a negative count')
}

// So that nothing is wrong when its parts are asked for.
function passRecord(reader: ByteReader): void {
  reader.skip(reader.varint())
  reader.skip(reader.varint())
  for (let left = 2 * counted(reader.varint()); left > 0; left--) reader.skip(reader.varint())
}
