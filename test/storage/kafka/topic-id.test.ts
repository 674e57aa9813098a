import { expect } from 'chai'
import type { Broker } from '../../../lib/storage/kafka/cluster.ts'
import { topicIdFrom } from '../../../lib/storage/kafka/topic-id.ts'

interface Exchange {
  readonly request: { readonly apiVersion: number; encode(): Promise<{ readonly buffer: Buffer }> }
  readonly response: { decode(answer: Buffer): Promise<object>; parse(found: object): Promise<object> }
}

const id = '00112233445566778899aabbccddeeff'

/** What stands before the topics: no tags, no throttling, one broker `h:9092` without a rack, no cluster's name, a controller. */
const head = ['00', '00000000', '02', '00000001', '0268', '00002384', '00', '00', '00', '00000001']
const answerWith = (...topics: string[]): Buffer => Buffer.from([...head, ...topics].join(''), 'hex')

/** A topic `t` in an answer. */
const topicWith = (errorCode: string): string => `${errorCode}0274${id}000100000000`

describe('topicIdFrom', () => {
  const asked: Buffer[] = []

  function broker(answer: Buffer, maxVersion = 13): Broker {
    const send = async ({ request, response }: Exchange): Promise<object> => {
      asked.push((await request.encode()).buffer)
      return response.parse(await response.decode(answer))
    }
    return { versions: { 3: { minVersion: 0, maxVersion } }, connectionPool: { send } } as unknown as Broker
  }

  it('asks for one topic by its name, however long', async () => {
    for (const length of [1, 126, 127, 249]) {
      await topicIdFrom(broker(answerWith('02', topicWith('0000'))), 'x'.repeat(length))
      const counted = length < 127 ? [length + 1] : [((length + 1) & 127) | 128, 1]
      expect([...asked.at(-1)!]).to.deep.equal([
        ...[0, 2, ...Array<number>(16).fill(0), ...counted, ...Array<number>(length).fill(0x78)],
        ...Array<number>(5).fill(0)
      ])
    }
  })

  it('gives the id, the empty text for no topic, and nothing for what is not told', async () => {
    expect(await topicIdFrom(broker(answerWith('02', topicWith('0000'))), 't')).to.equal(id)
    expect(await topicIdFrom(broker(answerWith('02', topicWith('0003'))), 't')).to.equal('')
    expect(await topicIdFrom(broker(answerWith('02', topicWith('001d'))), 't')).to.equal(undefined)
    expect(await topicIdFrom(broker(answerWith('01')), 't')).to.equal(undefined)
    expect(await topicIdFrom(broker(answerWith('02', topicWith('0000')), 9), 't')).to.equal(undefined)
  })

  it('goes over tags that it does not know', async () => {
    const tagged = ['0109020102', ...head.slice(1), '02', topicWith('0000')].join('')
    expect(await topicIdFrom(broker(Buffer.from(tagged, 'hex')), 't')).to.equal(id)
  })

  it('is an error when the answer is cut', async () => {
    const answer = answerWith('02', topicWith('0000'))
    for (let length = 0; length < answer.length - 6; length++) {
      const error = await topicIdFrom(broker(answer.subarray(0, length)), 't').catch((cause: unknown) => cause)
      expect(error, String(length)).to.be.an.instanceOf(RangeError)
    }
  })
})
