import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import fc from 'fast-check'
import type { FetchedMessage } from '../../../lib/storage/kafka/cluster.ts'
import { fetchAnswer } from '../../../lib/storage/kafka/fetch-answer.ts'
import { FetchedRecord } from '../../../lib/storage/kafka/fetched-record.ts'
import { batchesInSet, sealed } from '../../support/kafka-batches.ts'

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
const lengthEnd = 12
const magicAt = 16
const magicOfBatches = 2
const attributesAt = 21
const lastOffsetDeltaAt = 23
const firstTimeAt = 27
const batchHead = 61

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

const batchUsed = ({ inTransaction, producerId }: FetchedMessage['batchContext'] = {}): object => ({
  ...{ inTransaction, producerId }
})

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
          ...{ offset: String(offset), timestamp: BigInt.asIntN(64, BigInt(timestamp)), key, value },
          // In the order in which they come.
          headers: Object.entries(headers ?? {}),
          isControlRecord,
          batch: batchUsed(batchContext)
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

/** `undefined` for what is refused, too. */
function readOrRefused(answer: Buffer): unknown {
  try {
    return fetchAnswer(answer)
  } catch (error) {
    if (!(error instanceof RangeError)) expect((error as { code?: string }).code).to.match(/^Z_/)
    return undefined
  }
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

/** Whatever was done to the batches, their checksums fit. */
const answerWith = (sets: readonly Buffer[], errorCode = 0): Buffer =>
  answerOf(
    sets.map(set => sealed(set, batchesInSet(set))),
    errorCode
  )

function answerOf(sets: readonly Buffer[], errorCode = 0): Buffer {
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
  timestampDelta: fc.oneof(
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    fc.constantFrom(2 ** 52, 2 ** 53, -(2 ** 53), 2 ** 60, -(2 ** 60))
  ),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers
})
const batch = fc.record({
  firstOffset: fc.constantFrom(0, 17, 2 ** 45),
  firstTimestamp: fc.constantFrom(0, -1, 1_700_000_000_000, 2 ** 53, -(2 ** 60)),
  maxTimestamp: fc.constantFrom(0, 1_700_000_000_001),
  producerId: fc.constantFrom(-1, 77),
  transactional: fc.boolean(),
  isControl: fc.boolean(),
  isStamped: fc.boolean(),
  compression: fc.constantFrom(uncompressed, gzip),
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
          set[at % set.length] = put
          const got = readOrRefused(answerWith([set]))
          if (got === undefined) return
          const ours = usedOf(got as Answer)
          // Where one behind others looks older, the next answer begins with it.
          const first = (await bytesOf(batches[0]!)).length
          const looksOlder = set.length > first && at % set.length === first + magicAt && put < magicOfBatches
          const theirs = usedOf(await decode(answerWith([looksOlder ? set.subarray(0, first) : set])))
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

  it('refuses a batch of which any byte is another than its checksum was made of, also one for kafkajs', async () => {
    const snappy = await bytesOf(plain)
    snappy[attributesAt + 1] = 2
    for (const set of [await bytesOf(plain), await bytesOf({ ...plain, compression: gzip }), snappy]) {
      const intact = sealed(set, batchesInSet(set))
      expect(() => fetchAnswer(answerOf([intact]))).to.not.throw()
      for (let at = magicAt + 1; at < intact.length; at++) {
        const damaged = Buffer.from(intact)
        damaged[at]! ^= 1 << (at % 8)
        expect(() => fetchAnswer(answerOf([damaged])), String(at)).to.throw(RangeError, 'another checksum')
      }
    }
  })

  it('leaves to kafkajs what is compressed otherwise than by gzip, or of before Kafka 0.11', async () => {
    const packed = await bytesOf({ ...plain, compression: gzip })
    packed[attributesAt + 1] = 4
    expect(fetchAnswer(answerWith([packed]))).to.equal(undefined)
    const old = await bytesOf(plain)
    old[magicAt] = 1
    expect(fetchAnswer(answerWith([old]))).to.equal(undefined)
    expect(fetchAnswer(answerWith([old.subarray(0, 34)]))).to.equal(undefined)
  })

  it('ends before a batch of before Kafka 0.11, which the next answer begins with', async () => {
    const old = await bytesOf({ ...plain, firstOffset: 6 })
    old[magicAt] = 1
    const answer = fetchAnswer(answerWith([Buffer.concat([await bytesOf(plain), old])]))
    expect(answer!.responses[0]!.partitions[0]!.messages.map(({ offset }) => offset)).to.deep.equal([5])
  })

  it('refuses what ends too early, or has numbers that are too large', async () => {
    const answer = answerWith([await bytesOf(plain)])
    for (let length = 0; length < answer.length; length++) {
      expect(() => fetchAnswer(answer.subarray(0, length)), String(length)).to.throw(RangeError)
    }
    const far = answerWith([await bytesOf({ ...plain, firstOffset: 2 ** 60 })])
    expect(() => fetchAnswer(far)).to.throw(RangeError, 'too large')
  })

  // A damaged length of a value, so that the number of headers is read out of it.
  const bomb = async (compression = uncompressed): Promise<Buffer> => {
    const value = Buffer.concat([Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x07]), Buffer.alloc(5)])
    const records = [{ ...plain.records[0]!, value }]
    const set = await bytesOf({ ...plain, records })
    set[set.indexOf(value) - 1] = 0
    if (compression === uncompressed) return set
    const packed = gzipSync(set.subarray(batchHead))
    const head = Buffer.from(set.subarray(0, batchHead))
    head[attributesAt + 1]! |= compression
    head.writeInt32BE(batchHead - lengthEnd + packed.length, lengthEnd - 4)
    return Buffer.concat([head, packed])
  }

  for (const [name, compression] of Object.entries({ uncompressed, gzip })) {
    it(`refuses a record that says it has a thousand million headers, ${name}: kafkajs would make them`, async () => {
      const set = await bomb(compression)
      expect(() => fetchAnswer(answerWith([set]))).to.throw(RangeError)
    })
  }

  it('refuses it too beside what kafkajs has to read', async () => {
    const old = await bytesOf(plain)
    old[magicAt] = 1
    const damaged = await bomb()
    expect(() => fetchAnswer(answerWith([old, damaged]))).to.throw(RangeError)
    const packed = await bytesOf({ ...plain, compression: gzip })
    packed[attributesAt + 1] = 2
    expect(() => fetchAnswer(answerWith([Buffer.concat([packed, damaged])]))).to.throw(RangeError)
  })

  it('refuses ways of compression that there are not, which kafkajs would take for none', async () => {
    const set = await bytesOf(plain)
    set[attributesAt + 1] = 5
    expect(() => fetchAnswer(answerWith([set]))).to.throw(RangeError, 'unknown way')
  })

  it('refuses what is no gzip, and what grows beyond all bounds', async () => {
    const packed = await bytesOf({ ...plain, compression: gzip })
    packed[batchHead] = 0
    expect(() => fetchAnswer(answerWith([packed]))).to.throw('incorrect header check')
    const head = Buffer.from(packed.subarray(0, batchHead))
    const large = gzipSync(Buffer.alloc(2 ** 28 + 1), { level: 1 })
    head.writeInt32BE(batchHead - lengthEnd + large.length, lengthEnd - 4)
    expect(() => fetchAnswer(answerWith([Buffer.concat([head, large])]))).to.throw(RangeError, 'larger than')
  })

  it('takes a batch of which compaction has left the head only', async () => {
    for (const compression of [uncompressed, gzip]) {
      const head = (await bytesOf({ ...plain, compression, records: [] })).subarray(0, batchHead)
      head.writeInt32BE(batchHead - lengthEnd, lengthEnd - 4)
      head.writeInt32BE(2, lastOffsetDeltaAt)
      expect(fetchAnswer(answerWith([head]))!.responses[0]!.partitions[0]).to.deep.include({
        messages: [],
        lastOffset: 7
      })
      const answer = fetchAnswer(answerWith([Buffer.concat([head, await bytesOf({ ...plain, firstOffset: 6 })])]))
      expect(answer!.responses[0]!.partitions[0]!.messages.map(({ offset }) => offset)).to.deep.equal([6])
    }
  })

  it('refuses an empty batch whose length reaches into the next one', async () => {
    const set = Buffer.concat([await bytesOf({ ...plain, records: [] }), await bytesOf({ ...plain, firstOffset: 6 })])
    set.writeInt32BE(batchHead, lengthEnd - 4)
    expect(() => fetchAnswer(answerWith([set]))).to.throw(RangeError, 'another length')
  })

  it('refuses a gzip batch whose length reaches into the next one', async () => {
    const first = await bytesOf({ ...plain, compression: gzip })
    const set = Buffer.concat([first, await bytesOf({ ...plain, firstOffset: 6 })])
    for (const more of [1, 5, 61]) {
      set.writeInt32BE(first.length - lengthEnd + more, lengthEnd - 4)
      expect(() => fetchAnswer(answerWith([set])), String(more)).to.throw(RangeError, 'another length')
    }
  })

  it('refuses an offset that is further from the first one of its batch than Kafka has it', async () => {
    const set = await bytesOf({ ...plain, records: [{ ...plain.records[0]!, timestampDelta: 2 ** 52 }] })
    set[batchHead + 2] = 0
    expect(() => fetchAnswer(answerWith([set]))).to.throw(RangeError, 'too far')
  })

  it('gives times that are no exact numbers as they are', async () => {
    const latest = (2n ** 63n - 1n).toString()
    const set = await bytesOf(plain)
    set.writeBigInt64BE(2n ** 63n - 1n, firstTimeAt)
    expect(fetchAnswer(answerWith([set]))!.responses[0]!.partitions[0]!.messages[0]!.timestamp).to.equal(latest)
  })

  for (const [name, compression] of Object.entries({ uncompressed, gzip })) {
    it(`says where a batch ends of which compaction has taken the last records, ${name}`, async () => {
      const set = await bytesOf({ ...plain, compression })
      set.writeInt32BE(9, lastOffsetDeltaAt)
      expect(fetchAnswer(answerWith([set]))!.responses[0]!.partitions[0]).to.include({ lastOffset: 14 })
    })
  }

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
