import {
  type Broker,
  type Cluster,
  type FetchedMessage,
  type FetchedPartition,
  type OfTopic,
  readingAnswers
} from './cluster.ts'
import { committedIn } from './committed.ts'
import { ClusterCalls } from './cluster-calls.ts'
import { typeOf } from './failure.ts'
import { topicIdFrom } from './topic-id.ts'

/** What a partition holds: from `low`, to before `high`. */
export interface Extent {
  readonly partition: number
  readonly low: number
  readonly high: number
}

/** Some messages of a partition, in order, and the offset after them. */
export interface Chunk {
  readonly messages: readonly FetchedMessage[]
  readonly next: number
}

export interface TopicLogOptions {
  readonly topic: string
  readonly timeout: number
  readonly open: () => Promise<Cluster>
}

const readCommitted = 1
const anyReplica = -1
const latest = -1
const earliest = -2
const chunkBytes = 1024 * 1024

/** Reads a topic, outside of any group. Whatever the brokers do meanwhile, a call has an answer or an error within `timeout`. */
export class TopicLog {
  readonly topic: string
  readonly #calls: ClusterCalls
  readonly #turns = new WeakMap<Broker, Promise<unknown>>()

  constructor({ topic, timeout, open }: TopicLogOptions) {
    this.topic = topic
    const connected = (): Promise<Cluster> => this.#connected(open)
    this.#calls = new ClusterCalls({ name: `kafka topic ${topic}`, timeout, open: connected })
  }

  /** `undefined` when there is no such topic. */
  async extents(): Promise<Extent[] | undefined> {
    try {
      return await this.#call('look into', cluster => this.#extents(cluster))
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  /**
   * Which topic it is, as the coordinator of `groupId` knows it: one that was made anew is another. The empty text when there is
   * none, `undefined` when the brokers do not tell.
   */
  async identity(groupId: string): Promise<string | undefined> {
    try {
      return await this.#call('look into', async cluster =>
        topicIdFrom(await cluster.findGroupCoordinator({ groupId }), this.topic)
      )
    } catch (error) {
      if (isMissing(error)) return ''
      throw error
    }
  }

  /** The messages from `offset` on, as many as come at once; `end` is where the reading stops anyway. */
  fetch(partition: number, offset: number, end: number): Promise<Chunk> {
    return this.#call(`read partition ${partition} from offset ${offset} on, of`, async cluster => {
      const broker = await this.#leader(cluster, partition)
      const partitions = [{ partition, fetchOffset: String(offset), maxBytes: chunkBytes }]
      const request = {
        replicaId: anyReplica,
        isolationLevel: readCommitted,
        maxWaitTime: 100,
        minBytes: 1,
        maxBytes: chunkBytes,
        topics: [{ topic: this.topic, partitions }]
      }
      const { responses } = await this.#inTurn(broker, () => broker.fetch(request))
      return chunkOf(responses[0]?.partitions[0], offset, end)
    })
  }

  /** What is committed for `groupId`. */
  committed(
    groupId: string,
    partitions: readonly number[]
  ): Promise<Map<number, { offset: number; metadata: string | null }>> {
    return this.#call('look into', async cluster => {
      const coordinator = await cluster.findGroupCoordinator({ groupId })
      const topics = [{ topic: this.topic, partitions: partitions.map(partition => ({ partition })) }]
      const { responses } = await coordinator.offsetFetch({ groupId, topics })
      const found = responses.flatMap(response => response.partitions)
      return new Map(found.map(({ partition, offset, metadata }) => [partition, { offset: Number(offset), metadata }]))
    })
  }

  /** Deletes what is before these offsets. */
  deleteBefore(offsets: ReadonlyMap<number, number>): Promise<void> {
    const work = async (cluster: Cluster): Promise<void> => {
      for (const [broker, of] of await this.#byLeader(cluster, [...offsets.keys()])) {
        const partitions = of.map(partition => ({ partition, offset: String(offsets.get(partition)!) }))
        await broker.deleteRecords({ topics: [{ topic: this.topic, partitions }] })
      }
    }
    // From a topic that is compacted, and no more than that, nothing may be deleted: asking again would hold up the end.
    return this.#call('delete from', work, error => isMissing(error) || typeOf(error) === 'POLICY_VIOLATION')
  }

  close(): Promise<void> {
    return this.#calls.close()
  }

  // A broker answers the requests of a connection one after the other anyway.
  #inTurn<T>(broker: Broker, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(broker) ?? Promise.resolve()).then(work, work)
    this.#turns.set(broker, turn)
    return turn
  }

  #call<T>(what: string, work: (cluster: Cluster) => Promise<T>, isOwn = isMissing): Promise<T> {
    return this.#calls.call(`${what} the topic ${this.topic}`, work, { isOwn })
  }

  async #connected(open: () => Promise<Cluster>): Promise<Cluster> {
    const cluster = await open()
    try {
      await cluster.connect()
      await cluster.addTargetTopic(this.topic)
      return cluster
    } catch (error) {
      await cluster.disconnect().catch(() => undefined)
      throw error
    }
  }

  async #extents(cluster: Cluster): Promise<Extent[]> {
    await cluster.refreshMetadata()
    const partitions = cluster.findTopicPartitionMetadata(this.topic).map(({ partitionId }) => partitionId)
    const [low, high] = [
      await this.#offsets(cluster, partitions, earliest),
      await this.#offsets(cluster, partitions, latest)
    ]
    return partitions
      .sort((a, b) => a - b)
      .map(partition => ({ partition, low: low.get(partition) ?? 0, high: high.get(partition) ?? 0 }))
  }

  async #offsets(cluster: Cluster, partitions: readonly number[], timestamp: number): Promise<Map<number, number>> {
    const offsets = new Map<number, number>()
    for (const [broker, of] of await this.#byLeader(cluster, partitions)) {
      const topics: Array<OfTopic<{ partition: number; timestamp: number }>> = [
        { topic: this.topic, partitions: of.map(partition => ({ partition, timestamp })) }
      ]
      const { responses } = await broker.listOffsets({ replicaId: anyReplica, isolationLevel: readCommitted, topics })
      for (const { partition, offset } of responses.flatMap(response => response.partitions)) {
        offsets.set(partition, offsetIn(offset))
      }
    }
    return offsets
  }

  async #byLeader(cluster: Cluster, partitions: readonly number[]): Promise<Map<Broker, number[]>> {
    const byLeader = new Map<Broker, number[]>()
    for (const partition of partitions) {
      const broker = await this.#leader(cluster, partition)
      byLeader.set(broker, [...(byLeader.get(broker) ?? []), partition])
    }
    return byLeader
  }

  async #leader(cluster: Cluster, partition: number): Promise<Broker> {
    const found = cluster.findTopicPartitionMetadata(this.topic).find(({ partitionId }) => partitionId === partition)
    return readingAnswers(await cluster.findBroker({ nodeId: found?.leader ?? -1 }))
  }
}

function offsetIn(text: string): number {
  const offset = Number(text)
  if (!Number.isSafeInteger(offset) || offset < 0) throw new Error(`${text} is no offset`)
  return offset
}

function chunkOf(fetched: FetchedPartition | undefined, offset: number, end: number): Chunk {
  const last = lastIn(fetched, offset)
  if (last < offset) throw new NothingFetchedError()
  // A batch comes as a whole, also what of it is before the offset.
  const messages = committedIn(fetched!).filter(({ offset: at }) => Number(at) >= offset && Number(at) < end)
  return { messages, next: Math.min(end, last + 1) }
}

/** The offset of the last message, or of the end of its batch when what was there is compacted away. */
function lastIn(fetched: FetchedPartition | undefined, offset: number): number {
  const last = fetched?.messages.at(-1)
  if (last !== undefined && Number(last.offset) >= offset) return Number(last.offset)
  const { firstOffset = '-1', lastOffsetDelta = 0 } = last?.batchContext ?? {}
  return fetched?.lastOffset ?? Number(firstOffset) + lastOffsetDelta
}

const isMissing = (error: unknown): boolean =>
  typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION' || typeOf(error) === 'OFFSET_OUT_OF_RANGE'

/**
 * A broker that has just started, or slows us down, gives nothing although something is there, or it gives what was not asked
 * for. That must not be passed over.
 */
class NothingFetchedError extends Error {
  readonly type = 'LEADER_NOT_AVAILABLE'
  readonly retriable = true
}
