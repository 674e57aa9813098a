import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import type { Delivery } from '../../lib/delivery.ts'
import type { StorageError } from '../../lib/errors.ts'
import { KafkaStorage } from '../../lib/storage/kafka-storage.ts'
import type { Storage } from '../../lib/storage/storage.ts'
import { failedDeliveries, failedDelivery } from '../../lib/testing/sample-deliveries.ts'
import { selfSigned } from '../support/certificate.ts'
import { compiled } from '../support/compiled.ts'
import { Proxy } from '../support/proxy.ts'
import { Child } from '../support/run-in-child.ts'
import { freePorts } from '../support/servers/free-ports.ts'
import { kafka, launchKafka, type OwnBroker } from '../support/servers/kafka-server.ts'
import { onServer } from '../support/servers/service.ts'
import { StoredTopics, entriesIn, idsIn } from '../support/stored-topics.ts'
import { paused } from '../support/waiting.ts'

const certificate = selfSigned()
const oneLine = (pem: string): string => pem.trim().replaceAll('\n', '\\n')
const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required'

/** Users over SASL need rights; whoever comes by the proxy may do everything. */
const listeners = {
  SASL_PLAINTEXT: {
    'sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.sasl_plaintext.plain.sasl.jaas.config': `${plain} user_chief="right" user_nobody="right";`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS;User:chief'
  },
  SSL: {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.certificate.chain': oneLine(certificate.cert),
    'ssl.keystore.key': oneLine(certificate.key)
  }
}

onServer(
  kafka,
  async () => {
    const [port] = (await freePorts(1)) as [number]
    const proxy = await new Proxy(port).listen()
    const properties = { 'group.min.session.timeout.ms': '1000', 'group.max.session.timeout.ms': '60000' }
    return { proxy, broker: await launchKafka({ port, advertisedPort: proxy.port, properties, listeners }) }
  },
  server => {
    const topics = new StoredTopics(() => broker().address)
    const broker = (): OwnBroker => server().broker
    const proxy = (): Proxy => server().proxy

    afterEach(async () => {
      proxy().toxics.cutUp = proxy().toxics.cutDown = undefined
      await topics.clean()
    })
    after(async function () {
      this.timeout(30_000)
      await broker().stop()
      await proxy().close()
    })

    const isLong = process.env.SPILLWAY_LONG === '1'
    for (const direction of ['cutUp', 'cutDown'] as const) {
      it(`T34 T50 keeps everything once when connections are cut at any byte (${direction})`, async function () {
        this.timeout(isLong ? 600_000 : 120_000)
        const storage = topics.storage({ timeout: 2_000 })
        await insist(() => storage.append(failedDeliveries(1)))
        const there = new Set(await idsIn(storage))
        for (let cut = 1; cut < 3_000; cut += isLong ? 7 : 211) {
          const deliveries = failedDeliveries(3)
          proxy().toxics[direction] = cut
          proxy().reset()
          const cutOff = topics.again(storage, { timeout: 500 })
          await cutOff.append(deliveries).catch(expectRetryable)
          const [given] = await entriesIn(cutOff, { claim: true }).catch(
            (error: unknown) => (expectRetryable(error), [])
          )
          const isRemoved = await (given === undefined ? Promise.resolve(false) : removed(cutOff, given))
          proxy().toxics[direction] = undefined
          await cutOff.close()
          await insist(() => storage.append(deliveries))
          for (const { id } of deliveries) there.add(id)
          if (isRemoved) there.delete(given!.id)
          const ids = await insist(() => idsIn(storage))
          // What was removed without an answer may be gone.
          if (given !== undefined && !isRemoved && !ids.includes(given.id)) there.delete(given.id)
          expect(ids.sort(), `cut at ${cut}`).to.deep.equal([...there].sort())
        }
      })
    }

    it('T35 waits for a slow broker, and says so when it is too slow', async () => {
      const storage = topics.storage({ timeout: 3_000 })
      await storage.append(failedDeliveries(1))
      proxy().toxics.latency = 60
      await storage.append(failedDeliveries(1))
      const impatient = topics.again(storage, { timeout: 100 })
      const error = await failureOf(impatient.append(failedDeliveries(1)))
      proxy().toxics.latency = 0
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      expect(error.message).to.contain('no answer within 100 ms')
    })

    it('T37 refuses a wrong password, and does not tell it', async () => {
      const sasl = { mechanism: 'plain', username: 'chief', password: 'wrong-secret' } as const
      const storage = new KafkaStorage({ topic: 't', 'bootstrap.servers': broker().listeners.SASL_PLAINTEXT!, sasl })
      const error = await failureOf(storage.open())
      await storage.close()
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      expect(error.message).to.contain('SASL_AUTHENTICATION_FAILED')
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String(error.stack)).not.to.contain(
        'wrong-secret'
      )
    })

    it('T37 T52 says which right is missing', async () => {
      const chief = topics.storage()
      await chief.append(failedDeliveries(1))
      const sasl = { mechanism: 'plain', username: 'nobody', password: 'right' } as const
      const own = { 'bootstrap.servers': broker().listeners.SASL_PLAINTEXT!, sasl }
      const storage = topics.again(chief, own)
      for (const work of [() => storage.append(failedDeliveries(1)), () => idsIn(storage)]) {
        const error = await failureOf(work())
        expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
        expect(error.message).to.match(/TOPIC_AUTHORIZATION_FAILED, this user has no right to the topic/)
      }
    })

    it('speaks SASL', async () => {
      const sasl = { mechanism: 'plain', username: 'chief', password: 'right' } as const
      const storage = topics.storage({ 'bootstrap.servers': broker().listeners.SASL_PLAINTEXT!, sasl })
      await storage.append(failedDeliveries(2))
      expect(await idsIn(storage, { claim: true })).to.have.length(2)
    })

    it('speaks TLS, and trusts whom it is told to', async () => {
      const own = { 'bootstrap.servers': broker().listeners.SSL!, timeout: 2_000 }
      const storage = topics.storage({ ...own, tls: { ca: certificate.cert } })
      await storage.append(failedDeliveries(2))
      expect(await idsIn(storage)).to.have.length(2)
      expect(await idsIn(topics.again(storage, { tls: { verify: false } }))).to.have.length(2)
      const error = await failureOf(topics.again(storage, { tls: true }).open())
      expect(error.message).to.contain('self-signed certificate')
    })

    it('T52 T54 refuses what is larger than the topic allows, and nothing that was appended with it', async () => {
      const storage = topics.storage({ partitions: 2 })
      const [large, ...small] = [failedDelivery(['x'.repeat(1_500_000)]), ...failedDeliveries(4)] as [
        Delivery,
        ...Delivery[]
      ]
      const alone = await failureOf(storage.append([large]))
      expect(alone).to.include({ code: 'SPW_ERR_STORAGE_REFUSED', retryable: false })
      const roomy = topics.again(storage, { batchBytes: 10_000_000 })
      const others = small.map(delivery => insist(() => roomy.append([delivery])))
      const refused = await failureOf(insist(() => roomy.append([large])))
      await Promise.all(others)
      expect(refused.code).to.equal('SPW_ERR_STORAGE_REFUSED')
      expect((await idsIn(storage)).sort()).to.deep.equal(small.map(({ id }) => id).sort())
    })

    it('shares the partitions with other replays, and takes over what they leave', async function () {
      this.timeout(20_000)
      // Other options make another member of the group, as another process is one.
      const one = topics.storage({ partitions: 4 })
      const two = topics.again(one, { timeout: 9_000 })
      const deliveries = failedDeliveries(200)
      await one.append(deliveries)
      const given = await Promise.all([one, two].map(each => entriesIn(each, { claim: true })))
      expect(
        given
          .flat()
          .map(({ id }) => id)
          .sort()
      ).to.deep.equal(deliveries.map(({ id }) => id).sort())
      expect(await idsIn(two, { claim: true }), 'claimed by one').to.have.length(0)
      for (const entries of given) for (const entry of entries) entry.release!()
      await one.close()
      expect(await idsIn(two, { claim: true })).to.have.length(200)
    })

    it('removes nothing from a partition that another process has', async () => {
      const one = topics.storage({ partitions: 1 })
      const two = topics.again(one, { timeout: 9_000 })
      await one.append(failedDeliveries(2))
      const [first] = await entriesIn(one, { claim: true })
      const error = await failureOf(two.remove(await entriesIn(two)))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE_LOCKED', retryable: true })
      await one.remove([first!])
      expect(await idsIn(two)).to.have.length(1)
    })

    it('gives what a killed replay had when its session is over', async function () {
      this.timeout(30_000)
      const storage = topics.storage({ sessionTimeout: 2_000 })
      const deliveries = failedDeliveries(5)
      await storage.append(deliveries)
      const script = new URL('../support/claiming-child.ts', import.meta.url)
      const child = new Child(script, [broker().address, topics.topicOf(storage)], {})
      await child.line('')
      expect(await idsIn(storage, { claim: true }), 'the child has them').to.have.length(0)
      await child.kill()
      expect(await insist(async () => some(await idsIn(storage, { claim: true })))).to.have.length(5)
    })

    it('goes on with nothing that others were given while it stood still', async function () {
      this.timeout(30_000)
      const storage = topics.storage({ sessionTimeout: 2_000 })
      await storage.append(failedDeliveries(5))
      const script = compiled(new URL('../support/claiming-child.ts', import.meta.url))
      const args = [script, broker().address, topics.topicOf(storage), 'pausing']
      const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
      try {
        await once(child.stdout, 'data')
        child.kill('SIGSTOP')
        expect(await insist(async () => some(await idsIn(storage, { claim: true })))).to.have.length(5)
        child.stdin.write('on\n')
        child.kill('SIGCONT')
        const [line] = (await once(child.stdout, 'data')) as [Buffer]
        expect(line.toString()).to.equal('claimed 1\n')
      } finally {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
    })

    it('says that the broker does not allow the sessionTimeout', async () => {
      const storage = topics.storage({ sessionTimeout: 100_000 })
      await storage.append(failedDeliveries(1))
      const error = await failureOf(idsIn(storage, { claim: true }))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      expect(error.message).to.contain('INVALID_SESSION_TIMEOUT, the broker does not allow this sessionTimeout')
    })

    it('makes the topic with the partitions and copies that it is told', async () => {
      const storage = topics.storage({ partitions: 7 })
      await storage.open()
      const admin = topics.client().admin()
      await admin.connect()
      const { topics: described } = await admin.fetchTopicMetadata({ topics: [topics.topicOf(storage)] })
      await admin.disconnect()
      expect(described[0]!.partitions).to.have.length(7)
      const error = await failureOf(topics.storage({ replicationFactor: 2 }).open())
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
      expect(error.message).to.contain('INVALID_REPLICATION_FACTOR, there are not so many brokers (replicationFactor)')
    })

    it('keeps what is settled in the group that it is told', async () => {
      const storage = topics.storage({ partitions: 1, groupId: 'own-group' })
      await storage.append(failedDeliveries(3))
      await storage.remove((await entriesIn(storage)).slice(0, 2))
      const admin = topics.client().admin()
      await admin.connect()
      const [found] = await admin.fetchOffsets({ groupId: 'own-group', topics: [topics.topicOf(storage)] })
      await admin.disconnect()
      expect(found!.partitions.map(({ offset }) => offset)).to.deep.equal(['2'])
      expect(await idsIn(topics.again(storage, { groupId: 'another-group' }))).to.have.length(1)
    })

    it('warns of a retention that would lose entries', async () => {
      const storage = topics.storage()
      await storage.append(failedDeliveries(2))
      expect(await storage.report()).to.deep.equal({ entries: 2, warnings: [] })
      const lossy = topics.storage({ createTopic: false })
      const admin = topics.client().admin()
      await admin.connect()
      await admin.createTopics({ topics: [{ topic: topics.topicOf(lossy) }] })
      await admin.disconnect()
      const { warnings } = await lossy.report()
      expect(warnings).to.have.length(1)
      expect(warnings[0]).to.contain('retention.ms of the topic').and.to.contain('604800000')
    })

    it('T52 does not make a topic that it must not make', async () => {
      const storage = topics.storage({ createTopic: false, timeout: 1_500 })
      const error = await failureOf(storage.append(failedDeliveries(1)))
      expect(error).to.include({ code: 'SPW_ERR_STORAGE' })
      expect(error.message).to.contain('UNKNOWN_TOPIC_OR_PARTITION, the topic does not exist')
    })
  }
)

const some = <T>(items: T[]): T[] => {
  if (items.length === 0) throw new Error('nothing yet')
  return items
}

async function removed(storage: Storage, entry: Awaited<ReturnType<typeof entriesIn>>[number]): Promise<boolean> {
  return storage.remove([entry]).then(
    () => true,
    (error: unknown) => (expectRetryable(error), false)
  )
}

function expectRetryable(error: unknown): void {
  expect((error as StorageError).retryable, String(error)).to.equal(true)
}

async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await work()
    } catch (error) {
      if ((error as StorageError).retryable === false || tried > 60) throw error
      await paused(100)
    }
  }
}

async function failureOf(work: Promise<unknown>): Promise<StorageError> {
  return work.then(
    () => expect.fail('It did not fail.'),
    (error: unknown) => error as StorageError
  )
}
