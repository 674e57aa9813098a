import { expect } from 'chai'
import { TopicLog } from '../../../lib/storage/kafka/topic-log.ts'
import { failure } from '../../support/storage-failure.ts'

describe('TopicLog', () => {
  const topic = 't'

  /** What stands in for a cluster of one broker with one partition. */
  function log(answers: { offsets?: string; messages?: ReadonlyArray<object>; lastOffset?: number }): TopicLog {
    const { offsets = '0', messages = [], ...rest } = answers
    const broker = {
      listOffsets: async () => ({ responses: [{ topic, partitions: [{ partition: 0, offset: offsets }] }] }),
      fetch: async () => ({ responses: [{ partitions: [{ partition: 0, messages, ...rest }] }] })
    }
    const cluster = {
      connect: async () => undefined,
      disconnect: async () => undefined,
      addTargetTopic: async () => undefined,
      refreshMetadata: async () => undefined,
      findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }],
      findBroker: async () => broker
    }
    return new TopicLog({ topic, timeout: 200, open: async () => cluster as never })
  }

  it('gives the messages from an offset on, and where the next are', async () => {
    const at = (offset: number): object => ({ offset: String(offset) })
    const { messages, next } = await log({ messages: [at(2), at(3), at(4)] }).fetch(0, 3, 100)
    expect(messages).to.deep.equal([at(3), at(4)])
    expect(next).to.equal(5)
  })

  it('goes on after a batch whose last messages are not there any more', async () => {
    const message = { offset: '2', batchContext: { firstOffset: '2', lastOffsetDelta: 7 } }
    expect(await log({ messages: [message] }).fetch(0, 3, 100)).to.deep.equal({ messages: [], next: 10 })
  })

  it('goes on after batches of which all messages are not there any more', async () => {
    expect(await log({ lastOffset: 9 }).fetch(0, 3, 100)).to.deep.equal({ messages: [], next: 10 })
    const before = { messages: [{ offset: '2' }], lastOffset: 9 }
    expect(await log(before).fetch(0, 3, 100)).to.deep.equal({ messages: [], next: 10 })
  })

  it('goes on behind the last message that it got, wherever its batch says that it ends', async () => {
    const message = { offset: '4' }
    expect(await log({ messages: [message], lastOffset: 9 }).fetch(0, 3, 100)).to.deep.equal({
      messages: [message],
      next: 5
    })
  })

  it('says which partition it could not read, and from where on', async () => {
    const error = await failure(log({}).fetch(0, 3, 100))
    expect(error.message).to.include('Cannot read partition 0 from offset 3 on, of the topic t: ')
  })

  it('does not go on by what was not asked for', async () => {
    const error = await failure(log({ messages: [{ offset: '2' }] }).fetch(0, 3, 2 ** 40))
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: true })
  })

  for (const offsets of [String(2n ** 60n), '-3']) {
    it(`takes ${offsets} for no offset`, async () => {
      const error = await failure(log({ offsets }).extents())
      expect(error.message).to.include(`${offsets} is no offset`)
    })
  }
})
