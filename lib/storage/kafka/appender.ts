import { setTimeout } from 'node:timers/promises'
import type { Admin, Producer } from 'kafkajs'
import { Connection } from '../remote/connection.ts'
import { withDeadline } from '../remote/deadline.ts'
import type { KafkaClient } from './client.ts'
import { endedWithin } from './ended-within.ts'
import { isDisconnect, storageError, typeOf } from './failure.ts'
import type { Message } from './message.ts'

export interface AppenderOptions {
  readonly topic: string
  /** Milliseconds for an append. */
  readonly timeout: number
  /** Whether a topic that is missing is made. */
  readonly createTopic: boolean
  readonly partitions: number
  readonly replicationFactor: number
  client(): Promise<KafkaClient>
}

/** Nothing that was stored may lapse: what is settled is deleted from the log by us. */
const topicConfig = [
  { name: 'retention.ms', value: '-1' },
  { name: 'retention.bytes', value: '-1' },
  { name: 'cleanup.policy', value: 'delete' }
]

/** Appends to a topic, which is made when it is missing and that is allowed. */
export class Appender {
  readonly #options: AppenderOptions
  readonly #connection: Connection<Producer>

  constructor(options: AppenderOptions) {
    this.#options = options
    this.#connection = new Connection({
      name: `kafka topic ${options.topic}`,
      open: () => this.#connected(),
      // It waits for what is being sent: nobody does that for us.
      close: producer => producer.disconnect()
    })
  }

  /** Connects, and makes the topic when that is needed. */
  open(): Promise<void> {
    return this.#within('open', () => this.#connection.use(async () => undefined))
  }

  /** Resolves when all replicas that are in sync have it. Rejects with a `StorageError`. */
  append(messages: readonly Message[]): Promise<void> {
    return this.#within('append to', () => this.#connection.use(producer => this.#send(producer, messages)))
  }

  close(): Promise<void> {
    return endedWithin(this.#options.timeout, () => this.#connection.close())
  }

  async #within(what: string, work: () => Promise<void>): Promise<void> {
    const doing = `${what} the topic ${this.#options.topic}`
    try {
      await withDeadline(this.#options.timeout, doing, work)
    } catch (error) {
      throw storageError(doing, error)
    }
  }

  async #send(producer: Producer, messages: readonly Message[]): Promise<void> {
    const { topic, timeout } = this.#options
    try {
      // It rejects when any partition has an error code, and sends again only what passes.
      await producer.send({ topic, acks: -1, timeout, messages: messages as Message[] })
    } catch (error) {
      // Another one asks for the topic anew.
      if (isDisconnect(error) || typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') this.#connection.forget(producer)
      throw error
    }
  }

  async #connected(): Promise<Producer> {
    const { driver, kafka } = await this.#options.client()
    if (this.#options.createTopic) await this.#makeTopic(kafka)
    const producer = kafka.producer({
      createPartitioner: driver.Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false
    })
    await producer.connect()
    return producer
  }

  async #makeTopic(kafka: KafkaClient['kafka']): Promise<void> {
    const { topic, partitions, replicationFactor, timeout } = this.#options
    const admin = kafka.admin()
    try {
      await admin.connect()
      if (await isThere(admin, topic)) return
      const made = { topic, numPartitions: partitions, replicationFactor, configEntries: topicConfig }
      // It waits for leaders, but not for a broker that has not heard of the topic yet.
      await admin.createTopics({ topics: [made], timeout, waitForLeaders: false })
      const until = performance.now() + timeout
      while (!(await isThere(admin, topic)) && performance.now() < until) await setTimeout(20)
    } finally {
      await admin.disconnect().catch(() => undefined)
    }
  }
}

async function isThere(admin: Admin, topic: string): Promise<boolean> {
  try {
    await admin.fetchTopicMetadata({ topics: [topic] })
    return true
  } catch (error) {
    if (typeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return false
    throw error
  }
}
