import { expect } from 'chai'
import kafkajs from 'kafkajs'
import { Appender, type AppenderOptions } from '../../../lib/storage/kafka/appender.ts'
import { messageOf } from '../../../lib/storage/kafka/message.ts'
import { failedDelivery } from '../../../lib/testing/sample-deliveries.ts'
import { within } from '../../support/waiting.ts'

/** What stands in for kafkajs: it says what it was asked for, and fails when it is told to. */
class FakeKafka {
  readonly calls: string[] = []
  readonly asked: Array<Record<string, unknown>> = []
  isMissing = false
  failure: Error | undefined
  sent: Promise<void> = Promise.resolve()

  admin(): object {
    return {
      connect: async () => undefined,
      disconnect: async () => undefined,
      fetchTopicMetadata: async () => {
        if (this.isMissing) throw Object.assign(new Error('x'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' })
      },
      createTopics: async (asked: Record<string, unknown>) => {
        this.calls.push('create')
        this.asked.push(asked)
        setTimeout(() => (this.isMissing = false), 50)
      }
    }
  }

  producer(): object {
    return {
      connect: async () => void this.calls.push('connect'),
      disconnect: async () => void this.calls.push('disconnect'),
      send: async (asked: Record<string, unknown>) => {
        this.calls.push('send')
        this.asked.push(asked)
        await this.sent
        if (this.failure !== undefined) throw this.failure
        this.calls.push('sent')
      }
    }
  }
}

describe('Appender', () => {
  const message = messageOf(failedDelivery(['a']))

  function made(own: Partial<AppenderOptions> = {}): { fake: FakeKafka; appender: Appender } {
    const fake = new FakeKafka()
    const client = async () => ({ driver: kafkajs, kafka: fake, close: () => undefined }) as never
    const common = { topic: 't', timeout: 1_234, createTopic: true, partitions: 5, replicationFactor: 3, client }
    return { fake, appender: new Appender({ ...common, ...own }) }
  }

  it('T54 asks for the acknowledgement of all replicas in sync, within the timeout', async () => {
    const { fake, appender } = made()
    await appender.append([message])
    expect(fake.asked[0]).to.deep.include({ topic: 't', acks: -1, timeout: 1_234, messages: [message] })
  })

  it('T53 ends its connection when what is being sent is there', async () => {
    const { fake, appender } = made()
    let isSent!: () => void
    fake.sent = new Promise(resolve => (isSent = resolve))
    const appended = appender.append([message])
    const closed = appender.close()
    await new Promise(resolve => setTimeout(resolve, 20))
    expect(fake.calls).to.deep.equal(['connect', 'send'])
    isSent()
    await Promise.all([appended, closed])
    expect(fake.calls).to.deep.equal(['connect', 'send', 'sent', 'disconnect'])
  })

  it('waits no longer than its timeout for what is never sent', async () => {
    const { fake, appender } = made({ timeout: 100 })
    fake.sent = new Promise(() => {})
    await appender.append([message]).catch(() => undefined)
    await within(appender.close(), 'the end', 2_000)
  })

  it('makes a topic that is missing, with so many partitions and copies, of which nothing lapses', async () => {
    const { fake, appender } = made()
    fake.isMissing = true
    await appender.open()
    const [{ topics }] = fake.asked as [{ topics: Array<Record<string, unknown>> }]
    expect(topics[0]).to.include({ topic: 't', numPartitions: 5, replicationFactor: 3 })
    expect(fake.calls, 'it waited until the topic was there').to.deep.equal(['create', 'connect'])
    expect(fake.isMissing).to.equal(false)
    expect(topics[0]!.configEntries).to.deep.include({ name: 'retention.ms', value: '-1' })
  })

  it('makes no topic that is there, and none when it must not', async () => {
    const there = made()
    await there.appender.open()
    const forbidden = made({ createTopic: false })
    forbidden.fake.isMissing = true
    await forbidden.appender.open()
    expect([...there.fake.calls, ...forbidden.fake.calls]).to.deep.equal(['connect', 'connect'])
  })

  it('T49 connects anew after its connection failed', async () => {
    const { fake, appender } = made()
    fake.failure = new kafkajs.KafkaJSConnectionError('reset')
    const error = await appender.append([message]).then(
      () => expect.fail(),
      (cause: unknown) => cause as Error
    )
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
    fake.failure = undefined
    await appender.append([message])
    expect(fake.calls.filter(call => call === 'connect')).to.have.length(2)
  })
})
