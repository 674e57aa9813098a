import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import type { Delivery } from '../../lib/delivery.ts'
import type { KafkaStorage } from '../../lib/storage/kafka-storage.ts'
import type { Entry } from '../../lib/storage/storage.ts'
import { failedDeliveries } from '../../lib/testing/sample-deliveries.ts'
import { kafka } from '../support/servers/kafka-server.ts'
import { addressOf, onServer } from '../support/servers/service.ts'
import { StoredTopics, entriesIn, idsIn } from '../support/stored-topics.ts'

interface MadeAnew {
  readonly old: readonly Entry[]
  readonly made: KafkaStorage
  readonly first: readonly Delivery[]
}

onServer(kafka, addressOf, address => {
  const topics = new StoredTopics(address)
  after(() => topics.clean())

  async function deleteTopic(storage: KafkaStorage): Promise<void> {
    const admin = topics.client().admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topics.topicOf(storage)] })
    await admin.disconnect()
  }

  /** Two of ten entries are claimed in the topic when it is deleted; its successor has three. */
  async function madeAnew(storage: KafkaStorage): Promise<MadeAnew> {
    await storage.append(failedDeliveries(10, 'old'))
    const old = await entriesIn(storage, { claim: true })
    await storage.remove(old.slice(0, 8))
    await deleteTopic(storage)
    const made = topics.again(storage, { timeout: 9_000 })
    const first = failedDeliveries(3, 'new')
    await made.append(first)
    return { old, made, first }
  }

  it('gives all of a topic that was made anew while something of the old one was claimed', async function () {
    this.timeout(30_000)
    // A length that takes two bytes where ids are asked for.
    const topic = `spillway-test-${randomBytes(6).toString('hex')}-${'x'.repeat(150)}`
    const storage = topics.storage({ topic, partitions: 1 })
    const { first } = await madeAnew(storage)
    expect(await idsIn(storage, { claim: true })).to.deep.equal(first.map(({ id }) => id))
    await storage.close()
  })

  it('loses nothing of a topic that was made anew to what is settled of the old one', async function () {
    this.timeout(30_000)
    const storage = topics.storage({ partitions: 1 })
    const { old, made, first } = await madeAnew(storage)
    await storage.remove(old.slice(8))
    await storage.close()
    const more = failedDeliveries(20, 'more')
    await made.append(more)
    expect((await idsIn(made, { claim: true })).sort()).to.deep.equal([...first, ...more].map(({ id }) => id).sort())
  })
})
