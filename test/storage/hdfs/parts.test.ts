import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import { Parts } from '../../../lib/storage/hdfs/parts.ts'

describe('Parts', () => {
  const bytes = Buffer.from('abcdefghij')
  const inParts = (...ends: readonly number[]): Buffer[] =>
    ends.map((end, i) => bytes.subarray(i === 0 ? 0 : ends[i - 1], end))

  async function read(parts: Parts, position: number, length: number): Promise<string> {
    const into = Buffer.alloc(length + 2, '.')
    const got = await parts.read(into, 1, length, position)
    expect(into.toString().replaceAll('.', '')).to.have.length(got)
    expect(into.toString('latin1', 0, 1) + into.toString('latin1', length + 1)).to.equal('..')
    return into.toString('latin1', 1, 1 + got)
  }

  it('gives the CRC of all of them', () => {
    for (const ends of [[10], [3, 3, 7, 10], [0, 10]]) {
      expect(new Parts(inParts(...ends), 5).crc()).to.equal(crc32('abcdefghij'))
    }
    expect(new Parts([]).crc()).to.equal(0)
  })

  it('gives the bytes from a position on, to the end of a part at most', async () => {
    const parts = new Parts(inParts(3, 3, 7, 10), 100)
    expect(parts.to).to.equal(110)
    expect([99, 100, 109, 110].map(position => parts.has(position))).to.deep.equal([false, true, true, false])
    for (const [position, length, given] of [
      [100, 2, 'ab'],
      [100, 9, 'abc'],
      [103, 9, 'defg'],
      [106, 9, 'g'],
      [109, 9, 'j'],
      [104, 1, 'e'],
      [100, 1, 'a']
    ] as const) {
      expect(await read(parts, position, length), `${length} from ${position}`).to.equal(given)
    }
  })

  it('gives nothing where nothing is', async () => {
    const parts = new Parts(inParts(3, 10), 100)
    for (const position of [0, 99, 110, 1_000]) expect(await read(parts, position, 5)).to.equal('')
    expect(await read(new Parts([]), 0, 5)).to.equal('')
  })
})
