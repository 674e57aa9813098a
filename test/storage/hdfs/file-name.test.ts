import { crc32 } from 'node:zlib'
import { expect } from 'chai'
import { claimedName, fileNameIn, newFileName, seedOf, withCrc } from '../../../lib/storage/hdfs/file-name.ts'

const writer = '0123456789abcdef'
const owner = 'fedcba9876543210'

describe('names of data files', () => {
  it('say how many entries there are, and their versions where these are not all 1', () => {
    expect(newFileName(1_764_061_843_123, writer, [1, 1]).base).to.equal(`1764061843123_${writer}-2`)
    expect(newFileName(1_764_061_843_123, writer, [3, 1, 2]).base).to.equal(`1764061843123_${writer}-3v1-3`)
  })

  it('are read as they were made, claimed or not', () => {
    for (const versions of [[1], [2, 2], [1, 9]]) {
      const name = newFileName(1_764_061_843_123, writer, versions)
      expect(fileNameIn(name.base)).to.deep.equal(name)
      expect(fileNameIn(claimedName(name.base, owner))).to.deep.equal({ ...name, owner })
    }
  })

  it('say the CRC of the whole file, from which that of its lines does not start', () => {
    const name = newFileName(1_764_061_843_123, writer, [1, 2])
    const whole = withCrc(name, Buffer.from('spillway 4'))
    expect(whole.base).to.equal(`1764061843123_${writer}-2v1-2c${crc32('spillway 4').toString(16).padStart(8, '0')}`)
    expect(fileNameIn(whole.base)).to.deep.equal(whole)
    expect(fileNameIn(claimedName(whole.base, owner))).to.deep.equal({ ...whole, owner })
    expect(seedOf(whole.base)).to.equal(seedOf(name.base)).and.to.equal(crc32(name.base))
    // Of nothing it is 0.
    expect(withCrc(name, Buffer.alloc(0)).base).to.match(/-2v1-2c00000000$/)
    expect(fileNameIn(withCrc(name, Buffer.alloc(0)).base)).to.include({ crc: 0 })
  })

  it('are read as they were made whatever the clock says, and stand in its order', () => {
    const names = [1, 86_400_000, 1_764_061_843_123].map(time => newFileName(time, writer, [1]))
    for (const name of names) expect(fileNameIn(name.base)).to.deep.equal(name)
    expect(names.map(({ base }) => base).sort()).to.deep.equal(names.map(({ base }) => base))
  })

  it('of StreamPark are told from our own', () => {
    for (const id of ['ab'.repeat(16), '123e4567-e89b-12d3-a456-426614174000']) {
      expect(fileNameIn(`1764061843123_${id}`)).to.deep.include({ time: 1_764_061_843_123, entries: undefined })
    }
  })

  for (const name of [
    '',
    '_SUCCESS',
    '1764061843123',
    `1764061843123_${writer}`,
    `1764061843123_${writer}-0`,
    `17_${writer}-1`,
    `1764061843123_${writer}-1c0badcaf`,
    `1764061843123_${writer}-1c0badcafe0`,
    `1764061843123_${writer}-1c0BADCAFE`
  ]) {
    it(`are none of ${JSON.stringify(name)}`, () => {
      expect(fileNameIn(name)).to.equal(undefined)
    })
  }

  it('are none with a claim that is none', () => {
    expect(fileNameIn(`1764061843123_${writer}-1~me`)).to.equal(undefined)
    expect(fileNameIn(`1764061843123_${writer}-1~${owner}~${owner}`)).to.equal(undefined)
  })
})
