import { once } from 'node:events'
import { expect } from 'chai'
import { OptionsError } from '../../lib/errors.ts'
import { brokersOf, sslOf } from '../../lib/storage/kafka/client.ts'
import { clusterOf } from '../../lib/storage/kafka/cluster.ts'
import { warningsIn } from '../../lib/storage/kafka/report.ts'
import { KafkaStorage } from '../../lib/storage/kafka-storage.ts'
import { storageFrom } from '../../lib/storage/registry.ts'
import { failedDeliveries } from '../../lib/testing/sample-deliveries.ts'
import { freePorts } from '../support/servers/free-ports.ts'
import { FaultServer } from '../support/fault-server.ts'
import { within } from '../support/waiting.ts'

describe('KafkaStorage', () => {
  const right = { topic: 't', 'bootstrap.servers': 'localhost:9092' }
  const sasl = { mechanism: 'plain', username: 'u', password: 'secret-word' }

  const wrong: Array<[string, Record<string, unknown>, string]> = [
    ['no topic', { topic: undefined }, 'failover/topic is missing'],
    ['no brokers', { 'bootstrap.servers': undefined }, 'failover/bootstrap.servers is missing'],
    ['a topic that is no name', { topic: '../x' }, 'failover/topic must be a name of letters, digits'],
    ['a topic that is too long', { topic: 'x'.repeat(250) }, 'failover/topic must be a name of letters, digits'],
    ['a topic of dots', { topic: '..' }, 'failover/topic must be a name of letters, digits'],
    ['a broker without port', { 'bootstrap.servers': 'localhost' }, 'failover/bootstrap.servers must be host:port'],
    ['a broker as URL', { 'bootstrap.servers': 'kafka://a:1' }, 'failover/bootstrap.servers must be host:port'],
    ['a list without brokers', { 'bootstrap.servers': [] }, 'failover/bootstrap.servers must NOT have fewer than 1'],
    ['an unknown option', { partition: 1 }, 'did you mean "partitions"?'],
    ['no partitions', { partitions: 0 }, 'failover/partitions must be >= 1'],
    ['an unknown mechanism', { sasl: { ...sasl, mechanism: 'kerberos' } }, 'failover/sasl/mechanism must be one of'],
    ['a password that is none', { sasl: { ...sasl, password: 123 } }, 'failover/sasl/password must be string'],
    ['a table', { table: 'x' }, 'failover has no option "table"'],
    ['a timeout that is too short', { timeout: 10 }, 'failover/timeout must be >= 100']
  ]
  for (const [name, options, message] of wrong) {
    it(`refuses ${name}`, () => {
      const made = (): KafkaStorage => new KafkaStorage({ ...right, ...options })
      expect(made).to.throw(OptionsError, message)
      expect(made).to.throw().with.property('message').that.does.not.contain('123')
    })
  }

  it('takes brokers as StreamPark writes them, and as a list', () => {
    const text = 'localhost:9091,localhost:9092 , localhost:9093'
    expect(brokersOf(text)).to.deep.equal(['localhost:9091', 'localhost:9092', 'localhost:9093'])
    expect(brokersOf(['a:1'])).to.deep.equal(['a:1'])
    expect(storageFrom({ storage: 'kafka', topic: 'bigdata', 'bootstrap.servers': text })).to.be.instanceOf(
      KafkaStorage
    )
  })

  it('hands texts in PEM, the name and the trust over to TLS', () => {
    const texts = { ca: 'a', cert: 'b', key: 'c', passphrase: 'd' }
    expect(sslOf({ ...texts, serverName: 'kafka.test', verify: false })).to.deep.equal({
      ...texts,
      servername: 'kafka.test',
      rejectUnauthorized: false
    })
    expect(sslOf({ ca: 'a' })).to.deep.equal({ ca: 'a' })
  })

  it('C15 warns when anybody is trusted', async () => {
    const warned = once(process, 'warning') as Promise<[Error]>
    new KafkaStorage({ ...right, tls: { verify: false } })
    const [{ name, message }] = await within(warned, 'a warning')
    expect([name, message]).to.deep.equal([
      'SpillwayWarning',
      'The storage "kafka" takes any certificate: whoever is between can read and alter all.'
    ])
  })

  it('T33 T49 says that nobody listens, and that it may pass', async () => {
    const [port] = await freePorts(1)
    const storage = new KafkaStorage({ topic: 't', 'bootstrap.servers': `127.0.0.1:${port}`, timeout: 1_000 })
    for (const work of [() => storage.open(), () => storage.append(failedDeliveries(1)), () => firstOf(storage)]) {
      const error = await work().then(
        () => expect.fail('It did not fail.'),
        (cause: unknown) => cause as Error
      )
      expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
      expect(error.message).to.contain('the topic t')
    }
    await storage.close()
  })

  it('says that what answers is no broker', async () => {
    const server = await new FaultServer({}).listen()
    const address = new URL(server.origin).host
    const storage = new KafkaStorage({ topic: 't', 'bootstrap.servers': address, timeout: 1_000 })
    const error = await storage.open().then(
      () => expect.fail('It did not fail.'),
      (cause: unknown) => cause as Error
    )
    expect(error.message).to.match(/no Kafka broker|no answer within/)
    await storage.close()
    await server.close()
  })

  it('refuses whatever is asked of it after it was closed', async () => {
    const storage = new KafkaStorage(right)
    await storage.close()
    await storage.close()
    for (const work of [() => storage.open(), () => storage.append(failedDeliveries(1)), () => firstOf(storage)]) {
      const error = await work().then(
        () => expect.fail('It did not fail.'),
        (cause: unknown) => cause as Error
      )
      expect(error.message).to.contain('was closed')
    }
  })

  it('refuses to remove what it has not read', async () => {
    const storage = new KafkaStorage(right)
    const entry = { id: 'x', version: 1, envelope: {} as never }
    const error = await storage.remove([entry]).then(
      () => expect.fail('It did not fail.'),
      (cause: unknown) => cause as Error
    )
    expect(error.message).to.equal('Cannot remove x: it was not read from the topic t.')
    await storage.close()
  })

  it('says which kafkajs it needs', () => {
    expect(() => clusterOf({})).to.throw('needs kafkajs 2.2')
  })

  it('warns of each setting by which entries lapse', () => {
    const config = (entries: Record<string, string>) => new Map(Object.entries(entries))
    expect(warningsIn('t', config({ 'retention.ms': '-1', 'retention.bytes': '-1' }))).to.deep.equal([])
    expect(warningsIn('t', config({ 'retention.ms': '1000', 'cleanup.policy': 'compact' }))).to.deep.equal([])
    expect(warningsIn('t', config({ 'retention.ms': '1000', 'retention.bytes': '5' }))).to.deep.equal([
      'retention.ms of the topic t is 1000: older entries are lost. Set it to -1.',
      'retention.bytes of the topic t is 5: older entries are lost. Set it to -1.'
    ])
  })
})

async function firstOf(storage: KafkaStorage): Promise<void> {
  await storage.read()[Symbol.asyncIterator]().next()
}
