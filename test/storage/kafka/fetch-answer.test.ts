import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import fc from 'fast-check'
import type { FetchedMessage } from '../../../lib/storage/kafka/cluster.ts'
import { fetchAnswer } from '../../../lib/storage/kafka/fetch-answer.ts'
import { FetchedRecord } from '../../../lib/storage/kafka/fetched-record.ts'

const require = createRequire(import.meta.url)
const load = (path: string): unknown => require(`kafkajs/src/protocol/${path}.js`) as unknown

interface Encoder {
  readonly buffer: Buffer
}

/** How kafkajs itself writes batches, and reads answers. */
const { RecordBatch } = load('recordBatch/v0/index') as { RecordBatch: (batch: object) => Promise<Encoder> }
const makeRecord = load('recordBatch/record/v0/index') as (record: object) => Encoder
const { decode } = load('requests/fetch/v11/response') as { decode: (answer: Buffer) => Promise<Answer> }
const uncompressed = 0
const gzip = 1
const attributesAt = 21

interface Answer {
  readonly responses: ReadonlyArray<{
    readonly topicName: string
    readonly partitions: ReadonlyArray<{
      readonly partition: number
      readonly errorCode: number
      readonly abortedTransactions: readonly object[]
      readonly messages: readonly FetchedMessage[]
    }>
  }>
}

/** What is used of an answer, whoever has read it. */
function usedOf(answer: Answer): unknown {
  const { responses, ...rest } = answer
  return {
    ...rest,
    responses: responses.map(({ topicName, partitions }) => ({
      topicName,
      partitions: partitions.map(({ partition, errorCode, abortedTransactions, messages }) => ({
        ...{ partition, errorCode, abortedTransactions: [...abortedTransactions] },
        messages: messages.map(({ offset, timestamp, key, value, headers, isControlRecord, batchContext }) => ({
          ...{ offset: String(offset), timestamp: String(timestamp), key, value },
          // In the order in which they come.
          headers: Object.entries(headers ?? {}),
          ...{ isControlRecord, inTransaction: batchContext?.inTransaction, producerId: batchContext?.producerId }
        }))
      }))
    }))
  }
}

async function sameAsKafkajs(answer: Buffer): Promise<void> {
  const got = fetchAnswer(answer)
  expect(got).to.not.equal(undefined)
  const [ours, theirs] = [usedOf(got as unknown as Answer), usedOf(await decode(answer))]
  if (!isDeepStrictEqual(ours, theirs)) expect(ours).to.deep.equal(theirs)
}

interface Batch {
  readonly firstOffset: number
  readonly firstTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly transactional: boolean
  readonly isControl: boolean
  readonly isStamped: boolean
  readonly records: readonly object[]
  readonly compression?: number
}

const int = (bytes: 1 | 2 | 4 | 8, value: number): Buffer => {
  const buffer = Buffer.alloc(bytes)
  if (bytes === 8) buffer.writeBigInt64BE(BigInt(value))
  else buffer.writeIntBE(value, 0, bytes)
  return buffer
}

function answerWith(sets: readonly Buffer[], errorCode = 0): Buffer {
  const partitions = sets.map((set, i) =>
    Buffer.concat([
      ...[int(4, i), int(2, errorCode), int(8, 2 ** 40), int(8, 5), int(8, -1)],
      ...[int(4, i === 0 ? -1 : 1), ...(i === 0 ? [] : [int(8, 77), int(8, i)])],
      ...[int(4, -1), int(4, set.length), set]
    ])
  )
  const topic = Buffer.from('topic-ä')
  return Buffer.concat([
    ...[int(4, 7), int(2, 0), int(4, 9), int(4, 1), int(2, topic.length), topic],
    ...[int(4, partitions.length), ...partitions]
  ])
}

const bytes = fc.uint8Array({ maxLength: 200 }).map(array => Buffer.from(array))
const headerNames = fc.constantFrom('spillway', 'spillway-order', 'x', '', 'grün')
const headers = fc
  .array(fc.tuple(headerNames, fc.oneof(bytes, fc.array(bytes, { minLength: 1, maxLength: 3 }))), { maxLength: 3 })
  .map(entries => Object.fromEntries(entries))
const record = fc.record({
  offsetDelta: fc.nat(1_000),
  timestampDelta: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers
})
const batch = fc.record({
  firstOffset: fc.constantFrom(0, 17, 2 ** 45),
  firstTimestamp: fc.constantFrom(0, -1, 1_700_000_000_000),
  maxTimestamp: fc.constantFrom(0, 1_700_000_000_001),
  producerId: fc.constantFrom(-1, 77),
  transactional: fc.boolean(),
  isControl: fc.boolean(),
  isStamped: fc.boolean(),
  records: fc.array(record, { maxLength: 4 })
})

async function bytesOf({ isControl, isStamped, records, compression = uncompressed, ...rest }: Batch): Promise<Buffer> {
  const { buffer } = await RecordBatch({ ...rest, compression, records: records.map(makeRecord) })
  const copy = Buffer.from(buffer)
  copy[attributesAt + 1]! |= (isControl ? 32 : 0) | (isStamped ? 8 : 0)
  return copy
}

const sets = fc.array(fc.array(batch, { maxLength: 3 }), { maxLength: 3 })
const bytesOfAll = (batches: readonly Batch[]): Promise<Buffer> =>
  Promise.all(batches.map(bytesOf)).then(all => Buffer.concat(all))

describe('fetchAnswer', () => {
  it('reads what kafkajs reads, wherever the last batch is cut', async () => {
    await fc.assert(
      fc.asyncProperty(sets, fc.nat(300), fc.constantFrom(0, 3, 6), async (batches, cut, errorCode) => {
        const all = await Promise.all(batches.map(bytesOfAll))
        const last = all.at(-1)
        if (last !== undefined) all.push(last.subarray(0, Math.max(17, last.length - cut)))
        await sameAsKafkajs(answerWith(all, errorCode))
      }),
      { numRuns: 300 }
    )
  })

  it('reads nothing else than kafkajs of what is damaged', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(batch, { minLength: 1, maxLength: 2 }),
        fc.nat(),
        fc.nat(255),
        async (batches, at, put) => {
          const set = await bytesOfAll(batches)
          const answer = answerWith([set])
          const from = answer.length - set.length
          answer[from + (at % set.length)] = put
          const got = fetchAnswer(answer)
          if (got === undefined) return
          const ours = usedOf(got as unknown as Answer)
          const theirs = usedOf(await decode(answer))
          if (!isDeepStrictEqual(ours, theirs)) expect(ours).to.deep.equal(theirs)
        }
      ),
      { numRuns: 500 }
    )
  })

  const one = { firstOffset: 5, firstTimestamp: 1, maxTimestamp: 2, producerId: -1, transactional: false }
  const plain = {
    ...one,
    isControl: false,
    isStamped: false,
    records: [{ offsetDelta: 0, timestampDelta: 0, key: null, value: Buffer.from('v'), headers: {} }]
  }

  it('leaves to kafkajs what is compressed, or of before Kafka 0.11', async () => {
    expect(fetchAnswer(answerWith([await bytesOf({ ...plain, compression: gzip })]))).to.equal(undefined)
    const old = await bytesOf(plain)
    old[16] = 1
    expect(fetchAnswer(answerWith([old]))).to.equal(undefined)
    expect(fetchAnswer(answerWith([old.subarray(0, 34)]))).to.equal(undefined)
    const second = Buffer.concat([await bytesOf(plain), old.subarray(0, 34)])
    expect(fetchAnswer(answerWith([second]))).to.equal(undefined)
  })

  it('leaves to kafkajs what ends too early, or has numbers that are too large', async () => {
    const answer = answerWith([await bytesOf(plain)])
    for (let length = 0; length < answer.length; length++) {
      expect(fetchAnswer(answer.subarray(0, length)), String(length)).to.equal(undefined)
    }
    expect(fetchAnswer(answerWith([await bytesOf({ ...plain, firstOffset: 2 ** 60 })]))).to.equal(undefined)
  })

  it('finds one header among others, and all of one name', async () => {
    const value = (text: string): Buffer => Buffer.from(text)
    const headers = {
      x: value('1'),
      spillway: value('2'),
      spillwaz: value('3'),
      y: [value('4'), value('5')],
      z: Buffer.alloc(0)
    }
    const records = [{ ...plain.records[0]!, headers }]
    const [message] = fetchAnswer(answerWith([await bytesOf({ ...plain, records })]))!.responses[0]!.partitions[0]!
      .messages
    expect(message).to.be.an.instanceOf(FetchedRecord)
    for (const [name, wanted] of [...Object.entries(headers), ['', undefined], ['spill', undefined]] as const) {
      expect((message as FetchedRecord).header(Buffer.from(name)), name).to.deep.equal(wanted)
    }
    expect(Object.entries(message!.headers!)).to.deep.equal(Object.entries(headers))
  })
})
