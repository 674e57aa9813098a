import { randomBytes } from 'node:crypto'
import kafkajs from 'kafkajs'
import { KafkaStorage, type KafkaStorageOptions } from '../../lib/storage/kafka-storage.ts'
import type { Entry, ReadOptions, Storage } from '../../lib/storage/storage.ts'

const { Kafka, logLevel } = kafkajs

/** Topics of a suite, and the storages over them: all are closed, and the topics deleted, by `clean`. */
export class StoredTopics {
  readonly #address: () => string
  readonly #storages: KafkaStorage[] = []
  readonly #options = new WeakMap<Storage, KafkaStorageOptions>()
  readonly #topics = new Set<string>()

  constructor(address: () => string) {
    this.#address = address
  }

  /** A storage over a topic that is not there yet, unless `own` names another. */
  storage(own: Partial<KafkaStorageOptions> = {}): KafkaStorage {
    const topic = `spillway-test-${randomBytes(6).toString('hex')}`
    return this.#kept({ topic, 'bootstrap.servers': this.#address(), ...own })
  }

  /** Another one over the same topic. */
  again(storage: Storage, own: Partial<KafkaStorageOptions> = {}): KafkaStorage {
    return this.#kept({ ...this.#options.get(storage)!, ...own })
  }

  topicOf(storage: Storage): string {
    return this.#options.get(storage)!.topic
  }

  /** kafkajs as anybody else would use it. */
  client(): InstanceType<typeof Kafka> {
    return new Kafka({ brokers: [this.#address()], logLevel: logLevel.NOTHING })
  }

  async clean(): Promise<void> {
    await Promise.all(this.#storages.splice(0).map(storage => storage.close()))
    const admin = this.client().admin()
    await admin.connect()
    const there = await admin.listTopics()
    const topics = there.filter(topic => this.#topics.has(topic))
    if (topics.length > 0) await admin.deleteTopics({ topics })
    this.#topics.clear()
    await admin.disconnect()
  }

  #kept(options: KafkaStorageOptions): KafkaStorage {
    const storage = new KafkaStorage(options)
    this.#storages.push(storage)
    this.#options.set(storage, options)
    this.#topics.add(options.topic)
    return storage
  }
}

export async function entriesIn(storage: Storage, options?: ReadOptions): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of storage.read(options)) entries.push(entry)
  return entries
}

export async function idsIn(storage: Storage, options?: ReadOptions): Promise<string[]> {
  return (await entriesIn(storage, options)).map(({ id }) => id)
}
