import { StorageError } from '../../errors.ts'
import { fetchAnswer, fetchVersion } from './fetch-answer.ts'

/**
 * What is used of kafkajs below its public classes. Its consumer only pushes, reads nothing outside of a group, and commits
 * nothing without having read; `Broker` has the calls of the protocol one by one.
 *
 * kafkajs 2.2 is finished, and this is the only file that knows how it is made inside. `clusterOf` checks what it finds.
 */
export interface Cluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  addTargetTopic(topic: string): Promise<void>
  refreshMetadata(): Promise<void>
  findTopicPartitionMetadata(topic: string): ReadonlyArray<{ readonly partitionId: number; readonly leader: number }>
  findBroker(node: { nodeId: number }): Promise<Broker>
  findGroupCoordinator(group: { groupId: string }): Promise<Broker>
}

/** One value for each of some partitions of one topic. */
export interface OfTopic<T> {
  readonly topic: string
  readonly partitions: readonly T[]
}

export interface Broker {
  listOffsets(request: {
    replicaId: number
    isolationLevel: number
    topics: ReadonlyArray<OfTopic<{ partition: number; timestamp: number }>>
  }): Promise<{ responses: ReadonlyArray<OfTopic<{ readonly partition: number; readonly offset: string }>> }>
  fetch(request: {
    replicaId: number
    isolationLevel: number
    maxWaitTime: number
    minBytes: number
    maxBytes: number
    topics: ReadonlyArray<OfTopic<{ partition: number; fetchOffset: string; maxBytes: number }>>
  }): Promise<{ responses: ReadonlyArray<{ readonly partitions: readonly FetchedPartition[] }> }>
  deleteRecords(request: { topics: ReadonlyArray<OfTopic<{ partition: number; offset: string }>> }): Promise<unknown>
  offsetFetch(request: {
    groupId: string
    topics: ReadonlyArray<OfTopic<{ partition: number }>>
  }): Promise<{ responses: ReadonlyArray<OfTopic<Committed>> }>
  offsetCommit(request: {
    groupId: string
    groupGenerationId: number
    memberId: string
    topics: ReadonlyArray<OfTopic<{ partition: number; offset: string; metadata: string }>>
  }): Promise<unknown>
  joinGroup(request: {
    groupId: string
    sessionTimeout: number
    rebalanceTimeout: number
    memberId: string
    groupProtocols: ReadonlyArray<{ name: string; metadata: Buffer }>
  }): Promise<Joined>
  syncGroup(request: {
    groupId: string
    generationId: number
    memberId: string
    groupAssignment: ReadonlyArray<{ memberId: string; memberAssignment: Buffer }>
  }): Promise<{ readonly memberAssignment: Buffer }>
  heartbeat(request: { groupId: string; groupGenerationId: number; memberId: string }): Promise<unknown>
  leaveGroup(request: { groupId: string; memberId: string }): Promise<unknown>
}

interface Committed {
  readonly partition: number
  readonly offset: string
  readonly metadata: string | null
}

export interface Joined {
  readonly generationId: number
  readonly leaderId: string
  readonly memberId: string
  /** Of the leader only. */
  readonly members: ReadonlyArray<{ readonly memberId: string; readonly memberMetadata: Buffer }>
}

export interface FetchedPartition {
  readonly partition: number
  readonly abortedTransactions?: ReadonlyArray<{ readonly producerId: string; readonly firstOffset: string }>
  readonly messages: readonly FetchedMessage[]
  /** Where the last batch ends, if it is not kafkajs that has read it. */
  readonly lastOffset?: number
}

/** Several of one name are a list. */
export type Header = Buffer | Buffer[] | null

export interface FetchedMessage {
  readonly offset: string | number
  readonly timestamp: string | number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: Readonly<Record<string, Header | undefined>>
  readonly isControlRecord?: boolean
  readonly batchContext?: {
    readonly inTransaction?: boolean
    readonly producerId?: string
    readonly firstOffset?: string
    readonly lastOffsetDelta?: number
  }
}

type CreateCluster = (options: { allowAutoTopicCreation: boolean; metadataMaxAge: number }) => Cluster

/** A cluster with connections of its own, configured as `kafka` is. Rejects other releases of kafkajs. */
export function clusterOf(kafka: object): Cluster {
  const create = Object.getOwnPropertySymbols(kafka).find(({ description }) => description?.endsWith(':createCluster'))
  const make = create === undefined ? undefined : (kafka as Record<symbol, unknown>)[create]
  if (typeof make !== 'function') {
    const message = 'The storage "kafka" needs kafkajs 2.2, another release is installed: npm install kafkajs@2.2'
    throw new StorageError('SPW_ERR_STORAGE', message, { retryable: false })
  }
  return (make as CreateCluster)({ allowAutoTopicCreation: false, metadataMaxAge: 300_000 })
}

/** What kafkajs sends, and how it reads the answer. */
interface Exchange {
  readonly request: { readonly apiName: string; readonly apiVersion: number }
  readonly response: { decode(answer: Buffer): Promise<unknown> }
}

/** Reads some answers otherwise than kafkajs does. */
export function readingAnswers(broker: Broker): Broker {
  const { connectionPool: pool } = broker as { connectionPool?: { send?: (exchange: Exchange) => Promise<unknown> } }
  if (typeof pool?.send !== 'function' || Object.hasOwn(pool, 'send')) return broker
  const { send } = pool
  pool.send = exchange => send.call(pool, readOtherwise(exchange))
  return broker
}

function readOtherwise(exchange: Exchange): Exchange {
  const { request, response } = exchange
  if (request.apiName === 'Fetch' && request.apiVersion === fetchVersion) {
    return decodedBy(exchange, async answer => fetchAnswer(answer) ?? response.decode(answer))
  }
  if (request.apiName === 'LeaveGroup') {
    return decodedBy(exchange, async answer => withOneError((await response.decode(answer)) as Left))
  }
  return exchange
}

const decodedBy = (exchange: Exchange, decode: Exchange['response']['decode']): Exchange => ({
  ...exchange,
  response: { ...exchange.response, decode }
})

interface Left {
  readonly errorCode: number
  readonly members?: readonly unknown[]
}

// kafkajs throws the error of a member, and leaves that of the group to nobody: an unhandled rejection, which ends the process.
const withOneError = (left: Left): Left => (left.errorCode === 0 ? left : { ...left, members: [] })
