import { expect } from 'chai'
import { ahead, type Ahead } from '../../../lib/storage/hdfs/ahead.ts'
import { turns } from '../../support/waiting.ts'

describe('ahead', () => {
  const started: number[] = []
  const dropped: number[] = []
  beforeEach(() => {
    started.length = 0
    dropped.length = 0
  })

  async function* upTo(count: number): AsyncGenerator<number> {
    for (let i = 1; i <= count; i++) yield i
  }

  function numbers(options: Partial<Ahead<number, number>> = {}, count = 10): AsyncGenerator<number> {
    return ahead(upTo(count), {
      start: async n => {
        started.push(n)
        return n
      },
      drop: async n => void dropped.push(n),
      sizeOf: () => 1,
      most: 3,
      mostBytes: 100,
      ...options
    })
  }

  it('gives all in order', async () => {
    const given = []
    for await (const n of numbers()) given.push(n)
    expect(given).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('starts so many at most before they are wanted', async () => {
    await numbers().next()
    await turns()
    expect(started).to.deep.equal([1, 2, 3])
  })

  it('starts no more once they are so large together, and one always', async () => {
    await numbers({ sizeOf: () => 50 }).next()
    expect(started).to.deep.equal([1, 2])
    started.length = 0
    await numbers({ sizeOf: () => 500 }).next()
    expect(started).to.deep.equal([1])
  })

  it('drops what it has started when it is left', async () => {
    for await (const n of numbers()) if (n === 2) break
    expect(dropped).to.deep.equal([3, 4])
  })

  it('rejects with what failed, in its turn', async () => {
    const failing = numbers({ start: n => (n === 2 ? Promise.reject(new Error('two')) : Promise.resolve(n)) })
    expect(await failing.next()).to.deep.equal({ done: false, value: 1 })
    const error: unknown = await failing.next().catch((cause: unknown) => cause)
    expect((error as Error).message).to.equal('two')
    expect(dropped).to.deep.equal([3, 4])
  })
})
