import { expect } from 'chai'
import fc from 'fast-check'
import { rowKeyOf } from '../../../lib/storage/hbase/row-key.ts'
import { windowsOf } from '../../../lib/storage/hbase/windows.ts'
import type { ScanRange } from '../../../lib/storage/hbase/table.ts'
import { MemoryTable } from '../../support/memory-table.ts'

async function pagesIn(table: MemoryTable): Promise<Buffer[][]> {
  const pages: Buffer[][] = []
  for await (const rows of windowsOf(table)) pages.push(rows.map(({ key }) => key))
  return pages
}

describe('windowsOf', () => {
  it('gives every row once, the oldest first, however the times are spread', async () => {
    const aTime = fc.oneof(fc.nat(20), fc.nat(2_000), fc.nat(2 ** 40))
    await fc.assert(
      fc.asyncProperty(fc.array(aTime, { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), async (times, pageRows) => {
        const table = new MemoryTable(pageRows)
        const keys = times.map((time, i) => rowKeyOf(`x-${i.toString(36)}`, 1, time))
        await table.put(keys.map(key => ({ key, cells: [['values', 'x']], time: 1 })))
        expect((await pagesIn(table)).flat()).to.deep.equal(keys.sort(Buffer.compare).reverse())
      }),
      { numRuns: 50 }
    )
  })

  it('has no more than some thousand rows, or some megabytes, in memory', async () => {
    const table = new MemoryTable(500)
    const keys = [...Array(10_000).keys()].map(i => rowKeyOf(`x-${i.toString(36)}`, 1, i < 10 ? i * 100 : 5_000))
    await table.put(keys.map(key => ({ key, cells: [['values', 'x']], time: 1 })))
    const large = [...Array(40).keys()].map(i => rowKeyOf(`y-${i.toString(36)}`, 1, 10_000 + i))
    await table.put(large.map(key => ({ key, cells: [['values', 'x'.repeat(1_000_000)]], time: 1 })))
    table.before = () => undefined
    const pages = await pagesIn(table)
    expect(pages.flat()).to.deep.equal([...keys, ...large].sort(Buffer.compare).reverse())
    for (const page of pages) expect(page.length).to.be.at.most(4_000)
  }).timeout(20_000)

  it('reads most of many rows forwards', async () => {
    const table = new MemoryTable(1_000)
    const keys = [...Array(20_000).keys()].map(i => rowKeyOf(`x-${i.toString(36)}`, 1, 1_000_000 + Math.floor(i / 10)))
    await table.put(keys.map(key => ({ key, cells: [['values', 'x']], time: 1 })))
    const scan = table.scan.bind(table)
    const ranges: ScanRange[] = []
    table.scan = range => {
      ranges.push(range)
      return scan(range)
    }
    expect((await pagesIn(table)).flat()).to.have.length(20_000)
    const forwards = ranges.filter(({ forward }) => forward === true)
    // At the beginning, and to see that there is nothing more.
    expect(ranges.length - forwards.length).to.equal(2)
    expect(new Set(forwards.map(({ wanted }) => wanted))).to.deep.equal(new Set([3_000]))
  })

  it('reads little twice where more rows stand than it expected, and gives all of one time', async () => {
    const table = new MemoryTable(1_000)
    // 2 in a millisecond for a while, then 2,000, then 9,000 in one.
    const times = [...Array(20_000).keys()].map(i =>
      i < 1_000 ? i >> 1 : i < 11_000 ? 500 + Math.floor(i / 2_000) : 510
    )
    const keys = times.map((time, i) => rowKeyOf(`x-${i.toString(36)}`, 1, 1_000_000 + time))
    await table.put(keys.map(key => ({ key, cells: [['values', 'x']], time: 1 })))
    let read = 0
    const backwards = new Set<number | undefined>()
    const scan = table.scan.bind(table)
    table.scan = range => {
      if (range.forward !== true) backwards.add(range.wanted)
      const { next, close } = scan(range)
      const counted = async (): ReturnType<typeof next> => {
        const rows = await next()
        read += rows?.length ?? 0
        return rows
      }
      return { next: counted, close }
    }
    expect((await pagesIn(table)).flat()).to.deep.equal(keys.sort(Buffer.compare).reverse())
    expect(read).to.be.at.most(1.5 * keys.length)
    // Few to see how close they stand, many where all stand at one time.
    expect(backwards).to.deep.equal(new Set([250, 1_000]))
  }).timeout(20_000)
})
