import { expect } from 'chai'
import type { FetchedMessage } from '../../../lib/storage/kafka/cluster.ts'
import { Cursor } from '../../../lib/storage/kafka/cursor.ts'
import type { Chunk, Extent, TopicLog } from '../../../lib/storage/kafka/topic-log.ts'

const message = (offset: number): FetchedMessage => ({
  offset: String(offset),
  timestamp: '0',
  key: null,
  value: Buffer.from('POST///http://127.0.0.1/')
})

const outOfRange = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('out of range'), { type: 'OFFSET_OUT_OF_RANGE' }))

/** What a cursor from 0 to 10 gives, and what it says is nothing. */
async function walked(fetch: (offset: number) => Promise<Chunk>, extents: () => Extent[] | undefined) {
  const log = { topic: 't', fetch: (_: number, offset: number) => fetch(offset), extents: async () => extents() }
  const skipped: Array<[number, number]> = []
  const cursor = new Cursor(log as unknown as TopicLog, { partition: 0, low: 0, high: 10 }, (start, end) => {
    skipped.push([start, end])
  })
  const given: number[] = []
  while (!cursor.isDone) {
    if (cursor.isEmpty) await cursor.load()
    else given.push(cursor.take().offset)
  }
  return { given, skipped }
}

describe('Cursor', () => {
  it('says where there is nothing', async () => {
    const chunks: Record<number, Chunk> = {
      0: { messages: [message(1), message(3)], next: 5 },
      5: { messages: [message(5)], next: 10 }
    }
    const { given, skipped } = await walked(
      async offset => chunks[offset]!,
      () => []
    )
    expect(given).to.deep.equal([1, 3, 5])
    expect(skipped).to.deep.equal([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 10]
    ])
  })

  it('goes on after what was deleted meanwhile', async () => {
    const { given, skipped } = await walked(
      offset => (offset < 7 ? outOfRange() : Promise.resolve({ messages: [7, 8, 9].map(message), next: 10 })),
      () => [{ partition: 0, low: 7, high: 10 }]
    )
    expect(given).to.deep.equal([7, 8, 9])
    expect(skipped).to.deep.equal([[0, 7]])
  })

  for (const [name, extents] of [
    ['that a new leader has not got yet, or has lost', [{ partition: 0, low: 0, high: 4 }]],
    ['of a topic that was deleted', undefined]
  ] as const) {
    it(`does not take offsets ${name} for settled: they will be others' places`, async () => {
      const { given, skipped } = await walked(
        offset => (offset < 4 ? Promise.resolve({ messages: [0, 1, 2, 3].map(message), next: 4 }) : outOfRange()),
        () => extents && [...extents]
      )
      expect(given).to.deep.equal([0, 1, 2, 3])
      expect(skipped).to.deep.equal([])
    })
  }
})
