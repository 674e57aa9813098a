import type { Delivery } from '../delivery.ts'
import { StorageError } from '../errors.ts'
import { optionsParser } from '../options.ts'
import { Appender } from './kafka/appender.ts'
import { clientOf, type KafkaClient, type KafkaSasl, type KafkaTls } from './kafka/client.ts'
import { clusterOf } from './kafka/cluster.ts'
import { KafkaEntry } from './kafka/entry.ts'
import { Ledger } from './kafka/ledger.ts'
import { giveBackLedger, takeLedger } from './kafka/ledgers.ts'
import { Membership } from './kafka/membership.ts'
import { MessageGroups } from './kafka/message-groups.ts'
import { entriesOf } from './kafka/reading.ts'
import { type KafkaReport, reportOf } from './kafka/report.ts'
import { TopicLog } from './kafka/topic-log.ts'
import { closedError } from './remote/closed-error.ts'
import { warnOfUncheckedTls } from './remote/unchecked-tls.ts'
import type { Entry, ReadOptions, Storage } from './storage.ts'

export type { KafkaSasl, KafkaTls } from './kafka/client.ts'
export type { KafkaReport } from './kafka/report.ts'

export interface KafkaStorageOptions {
  /** The topic. Letters, digits, `_`, `.` and `-`. */
  topic: string
  /** `host:port` of some brokers of the cluster: a list, or a text with commas. */
  'bootstrap.servers': string | readonly string[]
  /** Whether the topic is made when it is missing; then nothing in it lapses. @default true */
  createTopic?: boolean
  /** Partitions of a topic that is made: so many replays can share it. @default the broker's own default */
  partitions?: number
  /** Copies of a topic that is made. @default the broker's own default */
  replicationFactor?: number
  /** The consumer group by which replays share the topic, and which holds what is settled. @default `spillway-<topic>` */
  groupId?: string
  /** After so long a replay that died is taken for dead, and others get its share. In milliseconds. @default 10_000 */
  sessionTimeout?: number
  /** Bytes in one message set at most: no more than the topic's `max.message.bytes`. @default 900_000 */
  batchBytes?: number
  /** For each call, in milliseconds. @default 10_000 */
  timeout?: number
  /** Who we are: `mechanism` (`plain`, `scram-sha-256`, `scram-sha-512`), `username`, `password`. */
  sasl?: KafkaSasl
  /** Whether the brokers are spoken to by TLS; or an object: `ca`, `cert` and `key` (texts in PEM), `passphrase`, `serverName`, `verify` (`false` takes any certificate, and warns). @default false */
  tls?: boolean | KafkaTls
}

const broker = '[^\\s:,/]+:[0-9]{1,5}'

export const kafkaStorageSchema = {
  type: 'object',
  properties: {
    topic: {
      type: 'string',
      pattern: '^(?!\\.{1,2}$)[A-Za-z0-9._-]{1,249}$',
      form: 'a name of letters, digits, ., _ and -, of 1 to 249 characters'
    },
    'bootstrap.servers': {
      anyOf: [
        {
          type: 'string',
          pattern: `^\\s*${broker}\\s*(,\\s*${broker}\\s*)*$`,
          form: 'host:port, or several between commas'
        },
        { type: 'array', minItems: 1, items: { type: 'string', pattern: `^${broker}$`, form: 'host:port' } }
      ]
    },
    createTopic: { type: 'boolean', default: true },
    partitions: { type: 'integer', minimum: 1, maximum: 10_000 },
    replicationFactor: { type: 'integer', minimum: 1, maximum: 100 },
    groupId: { type: 'string', minLength: 1, maxLength: 249 },
    sessionTimeout: { type: 'integer', minimum: 1_000, maximum: 1_800_000, default: 10_000, unit: 'ms' },
    batchBytes: { type: 'integer', minimum: 1_000, maximum: 100_000_000, default: 900_000, unit: 'bytes' },
    timeout: { type: 'integer', minimum: 100, maximum: 600_000, default: 10_000, unit: 'ms' },
    sasl: {
      type: 'object',
      properties: {
        mechanism: { enum: ['plain', 'scram-sha-256', 'scram-sha-512'] },
        username: { type: 'string', minLength: 1 },
        password: { type: 'string', secret: true }
      },
      required: ['mechanism', 'username', 'password'],
      additionalProperties: false
    },
    tls: {
      anyOf: [
        { type: 'boolean' },
        {
          type: 'object',
          properties: {
            ca: { type: 'string' },
            cert: { type: 'string' },
            key: { type: 'string', secret: true },
            passphrase: { type: 'string', secret: true },
            serverName: { type: 'string', minLength: 1 },
            verify: { type: 'boolean' }
          },
          additionalProperties: false
        }
      ]
    }
  },
  required: ['topic', 'bootstrap.servers'],
  additionalProperties: false
} as const

type Parsed = KafkaStorageOptions &
  Required<Pick<KafkaStorageOptions, 'createTopic' | 'sessionTimeout' | 'batchBytes' | 'timeout'>>

const parseOptions = optionsParser<Parsed>('failover', kafkaStorageSchema)

/**
 * Keeps deliveries in a topic of Kafka, one message each: the id is its key, `{"values":[records],"timestamp":ms}` its value,
 * the rest of the envelope a header. Nothing is connected before the first use, or `open()`.
 *
 * What is settled is kept as the offset of a consumer group, with the settled offsets beyond it beside it, and is deleted from
 * the log. Replays share the partitions through that group: `read` with `claim` gives what is in the partitions that are ours
 * at the time, and nothing when other processes have them all. `read` without is in no group.
 *
 * Throws `SPW_ERR_OPTIONS`.
 */
export class KafkaStorage implements Storage {
  readonly durable = true
  readonly #options: Parsed
  readonly #appender: Appender
  readonly #appends: MessageGroups
  #client: Promise<KafkaClient> | undefined
  #ledger: Promise<Ledger> | undefined
  #closing: Promise<void> | undefined

  constructor(options: KafkaStorageOptions) {
    this.#options = parseOptions(options)
    const { topic, batchBytes, tls } = this.#options
    if (typeof tls === 'object' && tls.verify === false) warnOfUncheckedTls('kafka')
    this.#appender = this.#makeAppender(() => this.#loaded())
    this.#appends = new MessageGroups({ topic, batchBytes, append: messages => this.#appender.append(messages) })
  }

  /** The options that say where it stores. @internal */
  get place(): object {
    return { storage: 'kafka', ...this.#options }
  }

  /** Connects, and makes the topic when it is missing and that is allowed. */
  open(): Promise<void> {
    return this.#closing === undefined ? this.#appender.open() : Promise.reject(this.#closedError())
  }

  append(deliveries: readonly Delivery[]): Promise<void> {
    return this.#closing === undefined ? this.#appends.append(deliveries) : Promise.reject(this.#closedError())
  }

  read(options: ReadOptions = {}): AsyncGenerator<Entry> {
    return entriesOf(() => this.#taken(), options, this)
  }

  async remove(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return
    const { topic } = this.#options
    const places = entries.flatMap(entry => KafkaEntry.placesOf(entry, topic) ?? this.#refuse(entry))
    await (await this.#taken()).settle(places)
  }

  /** Reads all that is there, and says whether the topic's configuration lets it lapse. */
  async report(): Promise<KafkaReport> {
    return reportOf(await this.#taken(), await this.#loaded(), { reader: this, timeout: this.#options.timeout })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #loaded(): Promise<KafkaClient> {
    this.#client ??= clientOf(this.#options).catch((error: unknown) => {
      this.#client = undefined
      throw error
    })
    return this.#client
  }

  #taken(): Promise<Ledger> {
    if (this.#closing !== undefined) return Promise.reject(this.#closedError())
    this.#ledger ??= takeLedger(JSON.stringify(this.#options), async () =>
      this.#makeLedger(await clientOf(this.#options))
    ).catch((error: unknown) => {
      this.#ledger = undefined
      throw error
    })
    return this.#ledger
  }

  #makeAppender(client: () => Promise<KafkaClient>): Appender {
    const { topic, timeout, createTopic, partitions = -1, replicationFactor = -1 } = this.#options
    return new Appender({ topic, timeout, createTopic, partitions, replicationFactor, client })
  }

  #makeLedger(client: KafkaClient): Ledger {
    const { driver, kafka } = client
    const { topic, timeout, sessionTimeout, groupId = `spillway-${topic}` } = this.#options
    const open = async () => clusterOf(kafka)
    const protocol = driver.AssignerProtocol
    return new Ledger({
      log: new TopicLog({ topic, timeout, open }),
      groupId,
      appender: this.#makeAppender(async () => client),
      close: () => client.close(),
      join: seams => new Membership({ topic, groupId, sessionTimeout, timeout, protocol, open, ...seams })
    })
  }

  #refuse({ id }: Entry): never {
    const message = `Cannot remove ${id}: it was not read from the topic ${this.#options.topic}.`
    throw new StorageError('SPW_ERR_STORAGE', message, { retryable: false })
  }

  #closedError(): StorageError {
    return closedError(`kafka topic ${this.#options.topic}`)
  }

  async #close(): Promise<void> {
    await this.#appends.idle()
    await this.#appender.close()
    await this.#closeLedger()
    const client = await this.#client?.catch(() => undefined)
    client?.close()
  }

  async #closeLedger(): Promise<void> {
    const ledger = await this.#ledger?.catch(() => undefined)
    if (ledger === undefined) return
    ledger.releaseAll(this)
    await giveBackLedger(JSON.stringify(this.#options))
  }
}
