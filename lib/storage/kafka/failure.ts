import { StorageError } from '../../errors.ts'
import { messageOf } from '../../message-of.ts'

/** What is read of the errors of kafkajs. A wrapped one has the first as its `cause`. */
interface KafkaError {
  readonly name?: string
  readonly type?: string
  readonly code?: string | number
  readonly retriable?: boolean
  readonly cause?: unknown
  readonly errors?: readonly unknown[]
  /** Of an error of `deleteRecords`, which says nothing itself. */
  readonly partitions?: ReadonlyArray<{ readonly error?: unknown }>
}

const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])
// What passes by itself, or when somebody who looks after the cluster does something there.
const passing = new Set([
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'KAFKA_STORAGE_ERROR',
  'POLICY_VIOLATION',
  'THROTTLING_QUOTA_EXCEEDED',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'REBALANCE_IN_PROGRESS',
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION'
])
const lasting = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_PARTITIONS',
  'INVALID_CONFIG',
  'INVALID_SESSION_TIMEOUT',
  'INCONSISTENT_GROUP_PROTOCOL'
])
const hints: Readonly<Record<string, string>> = {
  SASL_AUTHENTICATION_FAILED: ', the broker does not take this user with this password (sasl)',
  UNSUPPORTED_SASL_MECHANISM: ', the broker does not have this sasl/mechanism',
  TOPIC_AUTHORIZATION_FAILED: ', this user has no right to the topic',
  GROUP_AUTHORIZATION_FAILED: ', this user has no right to the group (groupId)',
  CLUSTER_AUTHORIZATION_FAILED: ', this user has no right to make the topic',
  INVALID_REPLICATION_FACTOR: ', there are not so many brokers (replicationFactor)',
  INVALID_SESSION_TIMEOUT: ', the broker does not allow this sessionTimeout',
  INCONSISTENT_GROUP_PROTOCOL: ', other consumers than replays are in the group (groupId)',
  UNKNOWN_TOPIC_OR_PARTITION: ', the topic does not exist'
}

/** The first error under those that only wrap it. */
export function rootOf(error: unknown): KafkaError {
  let root = (error ?? {}) as KafkaError
  for (let depth = 0; depth < 8; depth++) {
    const next = (root.errors?.[0] ?? root.partitions?.[0]?.error ?? root.cause) as KafkaError | undefined
    if (next === undefined || next === null || typeof next !== 'object') break
    root = next
  }
  return root
}

/** The name of the error as Kafka's protocol has it: 'MESSAGE_TOO_LARGE'. */
export function typeOf(error: unknown): string | undefined {
  const { type, name } = rootOf(error)
  return type ?? (name === 'KafkaJSSASLAuthenticationError' ? 'SASL_AUTHENTICATION_FAILED' : undefined)
}

// Its place in the group is not what the member thinks.
const placeErrors = new Set(['REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'MEMBER_ID_REQUIRED'])

export const isAboutPlace = (error: unknown): boolean => placeErrors.has(typeOf(error) ?? '')

export const isTooLarge = (error: unknown): boolean => tooLarge.has(typeOf(error) ?? '')

/** Whether the connection itself failed, so that another one is needed. */
export function isDisconnect(error: unknown): boolean {
  const { name = '', type } = rootOf(error)
  return type === undefined && !name.startsWith('KafkaJSSASL')
}

/** What kafkajs said, as a `StorageError`. `what` names what was tried: 'append to the topic x'. */
export function storageError(what: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  const root = rootOf(cause)
  const type = typeOf(cause)
  if (type !== undefined && tooLarge.has(type)) {
    const message = `Cannot ${what}: ${type}, larger than max.message.bytes of the topic allows.`
    return new StorageError('SPW_ERR_STORAGE_REFUSED', message, { retryable: false, cause: root })
  }
  const retryable =
    type === undefined ? isPassing(root) : passing.has(type) || (!lasting.has(type) && root.retriable === true)
  const said = type === undefined ? sentenceOf(root) : `${type}${hints[type] ?? ''}`
  return new StorageError('SPW_ERR_STORAGE', `Cannot ${what}: ${said}.`, { retryable, cause: root })
}

// Without a type of the protocol it is the connection, or the client's own wait for one. It may also be a TypeError of kafkajs,
// which looks for what another failure has just taken away; then a new connection helps too.
const isPassing = ({ name = '' }: KafkaError): boolean => !missing.has(name)

const missing = new Set(['KafkaJSNotImplemented', 'KafkaJSServerDoesNotSupportApiKey'])

const sentenceOf = (root: KafkaError): string => messageOf(root).replace(/\.$/, '')
