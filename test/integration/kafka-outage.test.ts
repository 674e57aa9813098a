import { expect } from 'chai'
import { failedDeliveries } from '../../lib/testing/sample-deliveries.ts'
import type { Delivery } from '../../lib/delivery.ts'
import type { StorageError } from '../../lib/errors.ts'
import type { Entry } from '../../lib/storage/storage.ts'
import { insist } from '../support/insist.ts'
import { kafka } from '../support/servers/kafka-server.ts'
import { onServer, ownServer } from '../support/servers/service.ts'
import { StoredTopics, entriesIn, idsIn } from '../support/stored-topics.ts'
import { paused } from '../support/waiting.ts'

onServer(kafka, ownServer, server => {
  const topics = new StoredTopics(() => server().address)
  afterEach(() => topics.clean())

  it('T49 T51 loses nothing and doubles nothing when the broker is killed in the middle of appends', async function () {
    this.timeout(60_000)
    const storage = topics.storage({ partitions: 2, timeout: 2_000 })
    const appended: Delivery[] = []
    let isOver = false
    const appending = (async () => {
      while (!isOver) {
        const deliveries = failedDeliveries(50)
        await insist(() => storage.append(deliveries))
        appended.push(...deliveries)
      }
    })()
    for (let i = 0; i < 2; i++) {
      await paused(700)
      await server().kill()
      await paused(200)
      await server().start()
    }
    await paused(300)
    isOver = true
    await appending
    expect((await insist(() => idsIn(storage))).sort()).to.deep.equal(appended.map(({ id }) => id).sort())
  })

  it('T49 gives everything again that was not removed when the broker is killed in the middle of a replay', async function () {
    this.timeout(60_000)
    const storage = topics.storage({ partitions: 2, timeout: 5_000 })
    const deliveries = failedDeliveries(3_000)
    await storage.append(deliveries)
    const removed = new Set<string>()
    const replayed = async (): Promise<void> => {
      const group: Entry[] = []
      for await (const entry of storage.read({ claim: true })) {
        expect(removed.has(entry.id), 'given after it was removed').to.equal(false)
        if (group.push(entry) < 100) continue
        const some = group.splice(0)
        await insist(() => storage.remove(some))
        for (const { id } of some) removed.add(id)
        if (removed.size === 1_000) void server().kill()
      }
      for (const entry of group) entry.release!()
    }
    const restarted = (async () => {
      while (removed.size < 1_000) await paused(10)
      await paused(500)
      await server().start()
    })()
    await replayed().catch(() => undefined)
    await restarted
    const left = deliveries.filter(({ id }) => !removed.has(id)).map(({ id }) => id)
    expect(removed.size).to.be.at.least(1_000)
    expect((await insist(() => idsIn(topics.again(storage)))).sort()).to.deep.equal(left.sort())
  })

  it('T35 gives up within its timeout while the broker answers nothing, and goes on when it does', async function () {
    this.timeout(60_000)
    const patient = topics.storage()
    const first = failedDeliveries(1)
    await insist(() => patient.append(first))
    const storage = topics.again(patient, { timeout: 1_500 })
    const second = failedDeliveries(1)
    await insist(() => storage.append(second))
    await insist(() => idsIn(storage))
    server().pause()
    try {
      for (const work of [() => storage.append(failedDeliveries(1)), () => idsIn(storage)]) {
        const from = performance.now()
        const error = await failureOf(work())
        expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
        expect(performance.now() - from).to.be.below(3_200)
      }
    } finally {
      server().resume()
    }
    const last = failedDeliveries(1)
    await insist(() => storage.append(last))
    expect(await insist(() => idsIn(storage))).to.include(last[0]!.id)
  })

  it('T52 makes the topic anew when it was deleted in between', async function () {
    this.timeout(30_000)
    const storage = topics.storage({ timeout: 3_000 })
    await storage.append(failedDeliveries(2))
    await storage.remove((await entriesIn(storage)).slice(0, 1))
    const admin = topics.client().admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topics.topicOf(storage)] })
    await admin.disconnect()
    const deliveries = failedDeliveries(3)
    await insist(() => storage.append(deliveries))
    expect(await insist(() => idsIn(storage))).to.deep.equal(deliveries.map(({ id }) => id))
    expect(await insist(() => idsIn(storage, { claim: true }))).to.deep.equal(deliveries.map(({ id }) => id))
  })

  it('T33 T36 says that a broker is not there, and goes on when it is', async function () {
    this.timeout(30_000)
    await server().kill()
    const storage = topics.storage({ timeout: 1_000 })
    const error = await failureOf(storage.open())
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
    expect(error.message).to.match(/Cannot open the topic .*ECONNREFUSED|no answer within 1000 ms/)
    await server().start()
    await insist(() => storage.append(failedDeliveries(1)))
    expect(await insist(() => idsIn(storage))).to.have.length(1)
  })
})

async function failureOf(work: Promise<unknown>): Promise<StorageError> {
  return work.then(
    () => expect.fail('It did not fail.'),
    (error: unknown) => error as StorageError
  )
}
