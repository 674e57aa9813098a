import { expect } from 'chai'
import type { KafkaStorage } from '../../lib/storage/kafka-storage.ts'
import { failedDeliveries, failedDelivery } from '../../lib/testing/sample-deliveries.ts'
import { Child } from '../support/run-in-child.ts'
import { kafka } from '../support/servers/kafka-server.ts'
import { addressOf, onServer } from '../support/servers/service.ts'
import { StoredTopics, entriesIn, idsIn } from '../support/stored-topics.ts'
import { within } from '../support/waiting.ts'

onServer(kafka, addressOf, address => {
  const topics = new StoredTopics(address)
  after(() => topics.clean())

  async function extentOf(storage: KafkaStorage): Promise<{ low: number; high: number }> {
    const admin = topics.client().admin()
    await admin.connect()
    const [{ low, high }] = (await admin.fetchTopicOffsets(topics.topicOf(storage))) as unknown as [
      { low: string; high: string }
    ]
    await admin.disconnect()
    return { low: Number(low), high: Number(high) }
  }

  it('deletes from the log what was removed, up to the first that was not', async () => {
    const storage = topics.storage({ partitions: 1 })
    await storage.append(failedDeliveries(10))
    const entries = await entriesIn(storage, { claim: true })
    await storage.remove([...entries.slice(0, 4), ...entries.slice(6)])
    entries[4]!.release!()
    entries[5]!.release!()
    await storage.close()
    expect(await extentOf(storage)).to.deep.equal({ low: 4, high: 10 })
    expect(await idsIn(topics.again(storage))).to.deep.equal(entries.slice(4, 6).map(({ id }) => id))
  })

  it('leaves nothing that keeps the process alive when it was closed', async function () {
    this.timeout(30_000)
    const topic = topics.topicOf(topics.storage())
    const child = new Child(new URL('../support/closing-child.ts', import.meta.url), [address(), topic], {})
    const { code, errors } = await within(child.ended, 'the end of the child', 20_000)
    expect(code, errors).to.equal(0)
  })

  it('keeps its window: what a filter skips is appended again when it holds up too much', async function () {
    this.timeout(30_000)
    const storage = topics.storage({ partitions: 1 })
    const deliveries = Array.from({ length: 9_000 }, (_, i) =>
      failedDelivery([`r${i}`], {}, { retryable: i % 2 === 0 })
    )
    await storage.append(deliveries)
    let group = []
    const filter = { outcome: 'exhausted' } as const
    for await (const entry of storage.read({ claim: true, filter })) {
      if (group.push(entry) < 500) continue
      await storage.remove(group)
      group = []
    }
    await storage.remove(group)
    await storage.close()
    const left = deliveries.filter((_, i) => i % 2 === 1).map(({ id }) => id)
    expect((await idsIn(topics.again(storage))).sort()).to.deep.equal(left.sort())
    const { low, high } = await extentOf(storage)
    expect(high, 'nothing was appended again').to.be.above(9_000)
    expect(low, 'nothing was passed').to.be.above(1_000)
  })

  it('agrees with a model whatever is appended, removed, released and read by several at once', async function () {
    this.timeout(60_000)
    for (const partitions of [1, 3]) {
      const first = topics.storage({ partitions })
      let storages = [first, topics.again(first)]
      const there = new Map<string, string>()
      let seed = 7 * partitions
      const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below
      await first.open()
      for (let step = 0; step < 60; step++) {
        const storage = storages[random(2)]!
        const act = random(6)
        if (act <= 1) {
          const deliveries = failedDeliveries(1 + random(40), `step ${step}`)
          await storage.append(deliveries)
          if (act === 1) await storage.append(deliveries.slice(random(5)))
          for (const { id, records } of deliveries) there.set(id, String(records[0]))
        } else if (act <= 3) {
          const given = await entriesIn(storage, { claim: act === 2 })
          expect(new Set(given.map(({ id }) => id)), `step ${step}`).to.deep.equal(new Set(there.keys()))
          expect(given).to.have.length(there.size)
          const removed = given.filter(() => random(3) === 0)
          await storages[random(2)]!.remove(removed)
          for (const { id } of removed) there.delete(id)
          for (const entry of given) if (!removed.includes(entry)) entry.release?.()
        } else if (act === 4) {
          const given = (await Promise.all(storages.map(each => entriesIn(each, { claim: true })))).flat()
          expect(given.map(({ id }) => id).sort(), `step ${step}`).to.deep.equal([...there.keys()].sort())
          for (const entry of given) entry.release!()
        } else {
          await Promise.all(storages.map(each => each.close()))
          storages = [topics.again(first), topics.again(first)]
        }
      }
      expect((await idsIn(storages[0]!)).sort()).to.deep.equal([...there.keys()].sort())
    }
  })
})
