import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import kafkajs, { type Message } from 'kafkajs'
import type { Delivery } from '../../lib/delivery.ts'
import { replay } from '../../lib/replay.ts'
import { clusterOf } from '../../lib/storage/kafka/cluster.ts'
import type { KafkaStorage } from '../../lib/storage/kafka-storage.ts'
import { failedDeliveries, storedAgain } from '../../lib/testing/sample-deliveries.ts'
import { batchHeadsIn, type BatchHead } from '../support/batch-heads.ts'
import { kafka, kafka3, launchKafka } from '../support/servers/kafka-server.ts'
import { onServer } from '../support/servers/service.ts'
import { StoredTopics, entriesIn, idsIn } from '../support/stored-topics.ts'
import { paused, within } from '../support/waiting.ts'

/** The cleaner looks again so soon when it found nothing to do: else after 15 s. */
const properties = { 'log.cleaner.backoff.ms': '100' }
/** What is in a segment that is written to is not compacted: after so many milliseconds the next append begins another. */
const segmentTime = 100
const compacted = {
  'min.cleanable.dirty.ratio': '0.0',
  'segment.ms': String(segmentTime),
  'max.compaction.lag.ms': String(segmentTime),
  'retention.ms': '-1'
}
const longestCleaning = 30_000

for (const [service, launch] of [
  [kafka, () => launchKafka({ properties })],
  [kafka3, () => launchKafka({ properties }, '3.9.1')]
] as const) {
  onServer(service, launch, server => {
    const topics = new StoredTopics(() => server().address)
    after(async function () {
      this.timeout(30_000)
      await topics.clean()
      await server().stop()
    })

    for (const policy of ['compact', 'compact,delete']) {
      it(`reads and replays what compaction has left of a topic with cleanup.policy=${policy}`, async function () {
        this.timeout(60_000)
        const storage = await compactedTopic(policy)
        const [first, second, last] = [failedDeliveries(20, 'a'), failedDeliveries(5, 'b'), failedDeliveries(1, 'c')]
        const older = foreignOnes(first.slice(0, 3))
        const inBetween = foreignOnes(second.slice(0, 2))
        await write(storage, older, { idempotent: true, maxInFlightRequests: 1 })
        await appendApart(storage, first)
        await appendApart(storage, first.slice(0, 15).map(storedAgain))
        await write(storage, inBetween, { idempotent: true, maxInFlightRequests: 1, transactionalId: idOf(storage) })
        await appendApart(storage, first.slice(0, 10).map(storedAgain).map(storedAgain))
        await appendApart(storage, second)
        await appendApart(storage, last)
        const all = [...first, ...second, ...last]
        await cleaned(storage, all.length)

        const entries = await within(entriesIn(storage), 'a reading to end', 10_000)
        const versions = new Map(entries.map(({ id, version }) => [id, version]))
        expect(versions).to.deep.equal(new Map(all.map(({ id }, i) => [id, i < 10 ? 3 : i < 15 ? 2 : 1])))
        expect(entries).to.have.length(all.length)

        const delivered: string[] = []
        await within(pipeline(replay(storage), delivering(delivered)), 'a replay to settle', 10_000)
        expect(delivered.sort()).to.deep.equal(all.map(({ id }) => id).sort())
        expect(await idsIn(storage)).to.deep.equal([])
        await within(storage.close(), 'the end of the storage', 5_000)
        const again = topics.again(storage)
        expect(await idsIn(again, { claim: true })).to.deep.equal([])
        const later = failedDeliveries(2, 'later')
        await again.append(later)
        expect((await idsIn(again, { claim: true })).sort()).to.deep.equal(later.map(({ id }) => id).sort())
      })
    }

    const idOf = (storage: KafkaStorage): string => topics.topicOf(storage)

    async function compactedTopic(policy: string): Promise<KafkaStorage> {
      const storage = topics.storage({ createTopic: false })
      const settings = { 'cleanup.policy': policy, ...compacted }
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
      const admin = topics.client().admin()
      await admin.connect()
      await admin.createTopics({ topics: [{ topic: idOf(storage), numPartitions: 1, configEntries }] })
      await admin.disconnect()
      return storage
    }

    async function appendApart(storage: KafkaStorage, deliveries: readonly Delivery[]): Promise<void> {
      await paused(2 * segmentTime)
      await storage.append(deliveries)
    }

    /** By a producer that numbers its batches: compaction leaves the head of its last one. */
    async function write(storage: KafkaStorage, messages: Message[], options: kafkajs.ProducerConfig): Promise<void> {
      await paused(2 * segmentTime)
      const topic = idOf(storage)
      const producer = topics
        .client()
        .producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner, ...options })
      await producer.connect()
      if (options.transactionalId === undefined) await producer.send({ topic, messages })
      else {
        const running = await producer.transaction()
        await running.send({ topic, messages })
        await running.commit()
      }
      await producer.disconnect()
    }

    /** Resolves when of all records no more than the newest of each key are there, and empty batches between them. */
    async function cleaned(storage: KafkaStorage, newest: number): Promise<void> {
      const until = performance.now() + longestCleaning
      for (;;) {
        const heads = (await headsIn(idOf(storage))).filter(({ isControl }) => !isControl)
        const records = heads.reduce((sum, { count }) => sum + count, 0)
        const empty = heads.filter(({ count }) => count === 0).length
        if (records === newest && empty === 2) return
        if (performance.now() > until) throw new Error(`Not compacted: ${records} records, ${empty} empty batches`)
        await paused(200)
      }
    }

    /** All batches of partition 0, as a fetch gives them. */
    async function headsIn(topic: string): Promise<BatchHead[]> {
      const cluster = clusterOf(topics.client())
      await cluster.connect()
      try {
        await cluster.addTargetTopic(topic)
        return await batchHeadsIn(cluster, topic)
      } finally {
        await cluster.disconnect()
      }
    }
  })
}

/** Messages that the entries of these deliveries replace. */
const foreignOnes = (deliveries: readonly Delivery[]): Message[] =>
  deliveries.map(({ id }) => ({ key: id, value: 'GET///http://a.test/older' }))

function delivering(delivered: string[]): Writable {
  return new Writable({
    objectMode: true,
    write(delivery: Delivery, _encoding, callback) {
      delivered.push(delivery.id)
      Promise.resolve(delivery.settle('delivered')).then(() => callback(), callback)
    }
  })
}
