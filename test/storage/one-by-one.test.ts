import { expect } from 'chai'
import { oneByOne } from '../../lib/storage/one-by-one.ts'

describe('oneByOne', () => {
  /** Groups of numbers, which write down what is done to them. */
  function groupsOf(groups: ReadonlyArray<readonly number[]>, log: string[] = []): AsyncGenerator<Iterable<number>> {
    function* items(group: readonly number[]): Generator<number> {
      try {
        for (const item of group) {
          if (item < 0) throw new Error(`item ${item}`)
          log.push(`made ${item}`)
          yield item
        }
      } finally {
        log.push('group left')
      }
    }
    return (async function* () {
      try {
        for (const group of groups) yield items(group)
      } finally {
        log.push('all left')
      }
    })()
  }

  async function given(items: AsyncIterable<number>, most = Infinity): Promise<number[]> {
    const all: number[] = []
    for await (const item of items) if (all.push(item) >= most) break
    return all
  }

  it('gives the items of all groups in order, empty groups or not', async () => {
    expect(await given(oneByOne(groupsOf([[], [1, 2], [], [], [3], []])))).to.deep.equal([1, 2, 3])
    expect(await given(oneByOne(groupsOf([])))).to.deep.equal([])
  })

  it('makes an item only when it is asked for', async () => {
    const log: string[] = []
    const items = oneByOne(groupsOf([[1, 2, 3]], log))
    expect(log).to.deep.equal([])
    await items.next()
    await new Promise(setImmediate)
    expect(log).to.deep.equal(['made 1'])
  })

  it('gives those who ask at once each another item, and all of them the end', async () => {
    const items = oneByOne(groupsOf([[1, 2], [3]]))
    const results = await Promise.all(Array.from({ length: 5 }, () => items.next()))
    expect(results.map(({ value }) => value)).to.deep.equal([1, 2, 3, undefined, undefined])
    expect(results.map(({ done }) => done)).to.deep.equal([false, false, false, true, true])
    expect(await items.next()).to.deep.equal({ done: true, value: undefined })
  })

  it('leaves the group and the groups when nobody wants more', async () => {
    const log: string[] = []
    expect(await given(oneByOne(groupsOf([[1, 2], [3]], log)), 1)).to.deep.equal([1])
    expect(log).to.deep.equal(['made 1', 'group left', 'all left'])
  })

  it('gives nothing more once it was left, and does not begin when it is left before', async () => {
    const log: string[] = []
    const items = oneByOne(groupsOf([[1, 2]], log))
    expect(await items.return?.()).to.deep.equal({ done: true, value: undefined })
    expect(await items.next()).to.deep.equal({ done: true, value: undefined })
    expect(log).to.deep.equal([])
  })

  it('is left after what was asked for before', async () => {
    const items = oneByOne(groupsOf([[1, 2]]))
    const [first, , after] = await Promise.all([items.next(), items.return?.(), items.next()])
    expect([first.value, after.value]).to.deep.equal([1, undefined])
  })

  it('fails with the error of an item, the first of its group or a later one, and leaves the groups', async () => {
    for (const group of [[-1], [1, -1]]) {
      const log: string[] = []
      const items = oneByOne(groupsOf([group, [2]], log))
      const error = await given(items).catch((error: unknown) => error)
      expect(String(error)).to.equal('Error: item -1')
      expect(log.slice(-2)).to.deep.equal(['group left', 'all left'])
      expect(await items.next()).to.deep.equal({ done: true, value: undefined })
    }
  })

  it('fails with the error of the groups', async () => {
    const items = oneByOne(
      (async function* () {
        yield [1]
        throw new Error('no more')
      })()
    )
    expect(await items.next()).to.deep.equal({ done: false, value: 1 })
    expect(String(await items.next().catch((error: unknown) => error))).to.equal('Error: no more')
    expect(await items.next()).to.deep.equal({ done: true, value: undefined })
  })
})
