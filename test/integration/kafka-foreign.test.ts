import { expect } from 'chai'
import type { Message } from 'kafkajs'
import kafkajs from 'kafkajs'
import { recordsOf } from '../../lib/storage/envelope.ts'
import type { KafkaStorage } from '../../lib/storage/kafka-storage.ts'
import { failedDeliveries } from '../../lib/testing/sample-deliveries.ts'
import { kafka } from '../support/servers/kafka-server.ts'
import { addressOf, onServer } from '../support/servers/service.ts'
import { StoredTopics, entriesIn, idsIn } from '../support/stored-topics.ts'

const { Partitioners } = kafkajs

onServer(kafka, addressOf, address => {
  const topics = new StoredTopics(address)
  after(() => topics.clean())

  async function written(messages: Message[], transaction?: 'commit' | 'abort'): Promise<KafkaStorage> {
    const storage = topics.storage()
    await storage.open()
    await write(storage, messages, transaction)
    return storage
  }

  async function write(storage: KafkaStorage, messages: Message[], transaction?: 'commit' | 'abort'): Promise<void> {
    const topic = topics.topicOf(storage)
    const producer = topics.client().producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      ...(transaction === undefined ? {} : { transactionalId: topic, idempotent: true, maxInFlightRequests: 1 })
    })
    await producer.connect()
    if (transaction === undefined) await producer.send({ topic, messages })
    else {
      const running = await producer.transaction()
      await running.send({ topic, messages })
      await running[transaction]()
    }
    await producer.disconnect()
  }

  it('gives what StreamPark has stored as the request that it was', async () => {
    const value = JSON.stringify({ values: ['POST///http://a.test/x?b=1&c=2'], timestamp: 1_700_000_000_000 })
    const storage = await written([{ value }, { value: 'GET///http://a.test/y?d=3' }])
    const [post, get] = await entriesIn(storage)
    const topic = topics.topicOf(storage)
    expect(post!.id).to.equal(`${topic}.0.0`)
    expect(post!.envelope).to.include({ method: 'POST', acceptedAt: 1_700_000_000_000, outcome: 'exhausted' })
    expect(recordsOf(post!.envelope)).to.deep.equal(['{"b":"1","c":"2"}'])
    expect(get!.envelope).to.include({ method: 'GET', url: 'http://a.test/y?d=3', outcome: 'exhausted' })
  })

  it('takes each value of a message for an entry, and forgets the message when all are removed', async () => {
    const values = ['GET///http://a.test/1', 'GET///http://a.test/2', 'GET///http://a.test/3']
    const storage = await written([{ value: JSON.stringify({ values, timestamp: 1 }) }])
    const entries = await entriesIn(storage, { claim: true })
    const topic = topics.topicOf(storage)
    expect(entries.map(({ id }) => id)).to.deep.equal([`${topic}.0.0.0`, `${topic}.0.0.1`, `${topic}.0.0.2`])
    await storage.remove([entries[1]!])
    entries[0]!.release!()
    entries[2]!.release!()
    await storage.close()
    const again = topics.again(storage)
    const left = await entriesIn(again)
    expect(left.map(({ id }) => id)).to.deep.equal([`${topic}.0.0.0`, `${topic}.0.0.2`])
    await again.remove(left)
    expect(await idsIn(again)).to.deep.equal([])
  })

  it('shows whatever else is in the topic as refused, and removes it when asked to', async () => {
    const bytes = Buffer.from([0xff, 0, 0xfe])
    const storage = await written([
      { value: bytes },
      { key: 'k', value: null },
      { value: '{"values":[1,{"a":2}]}' },
      { value: '{"values":' },
      { value: 'text', headers: { spillway: 'no envelope' } },
      { key: 'x', value: '{"values":["a"],"timestamp":1}', headers: { spillway: '{"v":9}' } },
      { key: 'x', value: '{"values":["a"],"timestamp":1}', headers: { spillway: ['{', '}'] } }
    ])
    await storage.append(failedDeliveries(1))
    const entries = await entriesIn(storage)
    expect(entries).to.have.length(8)
    expect(entries.slice(0, 7).map(({ envelope }) => envelope.outcome)).to.deep.equal(Array(7).fill('refused'))
    expect(recordsOf(entries[0]!.envelope)).to.deep.equal([bytes])
    expect(new Set(entries.map(({ id }) => id))).to.have.property('size', 8)
    await storage.remove(entries)
    expect(await idsIn(storage)).to.deep.equal([])
  })

  it('goes on over transactions of others, and gives nothing of those that were aborted', async () => {
    const storage = await written([{ value: 'GET///http://a.test/1' }], 'commit')
    await write(storage, [{ value: 'GET///http://a.test/2' }], 'abort')
    await write(storage, [{ value: 'GET///http://a.test/3' }], 'commit')
    const entries = await entriesIn(storage, { claim: true })
    expect(entries.map(({ envelope }) => envelope.url)).to.deep.equal(['http://a.test/1', 'http://a.test/3'])
    await storage.remove(entries)
    expect(await idsIn(storage)).to.deep.equal([])
  })

  it('reads what was compressed', async () => {
    const storage = topics.storage()
    await storage.open()
    const producer = topics.client().producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    const messages = [{ value: 'GET///http://a.test/z' }]
    await producer.send({ topic: topics.topicOf(storage), messages, compression: kafkajs.CompressionTypes.GZIP })
    await producer.disconnect()
    expect((await entriesIn(storage)).map(({ envelope }) => envelope.url)).to.deep.equal(['http://a.test/z'])
  })
})
