import kafkajs, { type Message } from 'kafkajs'
import type { Delivery } from '../../../lib/delivery.ts'
import { messageOf } from '../../../lib/storage/kafka/message.ts'
import { kafka as service } from '../../support/servers/kafka-server.ts'
import type { BareDriver, StorageBench } from './storage-bench.ts'

const { Kafka, Partitioners, logLevel } = kafkajs

/** kafkajs alone: `producer.send` with the same keys, values and headers, and a consumer that takes whole batches. */
export const kafkaBench: StorageBench = {
  failsOverQuickly: true,
  service,
  options: (address, name) => ({ storage: 'kafka', topic: name, 'bootstrap.servers': address, partitions: 1 }),
  bare
}

async function bare(address: string, topic: string): Promise<BareDriver<Message[]>> {
  const kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  return {
    prepared: (deliveries: readonly Delivery[]) => deliveries.map(delivery => ({ ...messageOf(delivery) })),
    async append(messages) {
      await producer.send({ topic, acks: -1, messages })
    },
    async read() {
      const [{ high } = { high: '0' }] = await admin.fetchTopicOffsets(topic)
      return consumed(kafka, topic, Number(high))
    },
    async close() {
      await producer.disconnect()
      await admin.deleteTopics({ topics: [topic] })
      await admin.disconnect()
    }
  }
}

async function consumed(kafka: InstanceType<typeof Kafka>, topic: string, high: number): Promise<number> {
  const consumer = kafka.consumer({ groupId: `bench-${Math.random()}` })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let read = 0
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          read += batch.messages.length
          if (Number(batch.lastOffset()) >= high - 1) resolve()
        }
      })
      .catch(reject)
  })
  await consumer.disconnect()
  return read
}
