import { ByteReader } from '../../lib/storage/kafka/byte-reader.ts'
import type { Broker, Cluster } from '../../lib/storage/kafka/cluster.ts'
import { batchesInSet } from './kafka-batches.ts'

/** What stands before the records of a batch. */
export interface BatchHead {
  readonly lastOffset: number
  readonly isControl: boolean
  /** How many records are left in it. */
  readonly count: number
}

interface Exchange {
  readonly response: { decode(answer: Buffer): Promise<unknown> }
}

const attributesAt = 21
const lastOffsetDeltaAt = 23
const countAt = 57
const control = 32

/** The batches of partition 0 of a topic, by fetches of which only the bytes are looked at. */
export async function batchHeadsIn(cluster: Cluster, topic: string): Promise<BatchHead[]> {
  const [partition] = cluster.findTopicPartitionMetadata(topic)
  const broker = await cluster.findBroker({ nodeId: partition!.leader })
  const heads: BatchHead[] = []
  for (let from = 0; ; from = heads.at(-1)!.lastOffset + 1) {
    const found = headsIn(await recordsFrom(broker, topic, from))
    if (found.length === 0) return heads
    heads.push(...found)
  }
}

async function recordsFrom(broker: Broker, topic: string, from: number): Promise<Buffer> {
  let bytes: Buffer = Buffer.alloc(0)
  const { connectionPool: pool } = broker as unknown as { connectionPool: { send(exchange: Exchange): unknown } }
  const send = pool.send.bind(pool)
  pool.send = exchange =>
    send({ ...exchange, response: { ...exchange.response, decode: async answer => void (bytes = recordsOf(answer)) } })
  try {
    const partitions = [{ partition: 0, fetchOffset: String(from), maxBytes: 1024 * 1024 }]
    const limits = { maxWaitTime: 100, minBytes: 1, maxBytes: 1024 * 1024 }
    await broker.fetch({ replicaId: -1, isolationLevel: 0, ...limits, topics: [{ topic, partitions }] })
  } catch {
    // kafkajs finds nothing in what was taken out of its hands.
  } finally {
    pool.send = send
  }
  return bytes
}

/** The batches in an answer of version 11 for one partition. */
function recordsOf(answer: Buffer): Buffer {
  const reader = new ByteReader(answer)
  reader.skip(4 + 2 + 4 + 4)
  reader.skip(reader.int16())
  reader.skip(4 + 4 + 2 + 24)
  reader.skip(16 * Math.max(0, reader.int32()))
  reader.skip(4)
  return Buffer.from(reader.slice(reader.int32()) ?? [])
}

const headsIn = (bytes: Buffer): BatchHead[] =>
  batchesInSet(bytes).map(([at]) => ({
    lastOffset: Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + lastOffsetDeltaAt),
    isControl: (bytes.readInt16BE(at + attributesAt) & control) !== 0,
    count: bytes.readInt32BE(at + countAt)
  }))
