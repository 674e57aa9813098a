import { expect } from 'chai'
import fc from 'fast-check'
import { StorageError } from '../../../lib/errors.ts'
import { newId } from '../../../lib/delivery/id.ts'
import {
  areVersions,
  endOfEntries,
  rowKeyOf,
  startOfEntries,
  timeIn,
  versionIn
} from '../../../lib/storage/hbase/row-key.ts'

const anId = fc.string({ unit: 'binary', maxLength: 12 })
const aVersion = fc.integer({ min: 1, max: 1_000 })
const aTime = fc.integer({ min: 0, max: 8_640_000_000_000_000 })

describe('rowKeyOf', () => {
  it('begins as the keys of StreamPark do, with Long.MAX_VALUE minus the time', () => {
    expect(rowKeyOf('a', 1, 1_700_000_000_123).readBigInt64BE(0)).to.equal(2n ** 63n - 1n - 1_700_000_000_123n)
  })

  it('is another one for every other delivery and version, and the same for the same', () => {
    const parts = fc.tuple(anId, aVersion, aTime)
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const isSame = one.every((part, i) => part === other[i])
        expect(rowKeyOf(...one).equals(rowKeyOf(...other))).to.equal(isSame)
        expect(rowKeyOf(...one).equals(rowKeyOf(...one))).to.equal(true)
      })
    )
  })

  it('tells time and version, and lies between the rows that are no entries', () => {
    fc.assert(
      fc.property(anId, aVersion, aTime, (id, version, time) => {
        const key = rowKeyOf(id, version, time)
        expect([timeIn(key), versionIn(key)]).to.deep.equal([time, version])
        expect([key.compare(startOfEntries), key.compare(endOfEntries)]).to.deep.equal([1, -1])
      })
    )
  })

  it('puts the newest first, by time and then by the number in the id', () => {
    const ids = Array.from({ length: 100 }, newId)
    const keys = [...ids.map(id => rowKeyOf(id, 1, 5)), rowKeyOf('z-0', 1, 6), rowKeyOf('a-0', 1, 2 ** 40)]
    expect(keys.toSorted(Buffer.compare)).to.deep.equal(keys.toReversed())
    expect(rowKeyOf('x-a.0.1', 1, 5).subarray(8, 16)).to.deep.equal(rowKeyOf('x-a', 1, 5).subarray(8, 16))
  })

  it('keeps the versions of a delivery together, whatever other ids there are', () => {
    const others = ['a', 'a.0', 'a\uffff', 'a\u{10ffff}', 'a\0', 'b', '']
    const keys = others.flatMap(id => [1, 2, 300].map(version => rowKeyOf(id, version, 7))).sort(Buffer.compare)
    for (let i = 0; i < keys.length; i += 3) {
      const [newest, middle, oldest] = keys.slice(i, i + 3) as [Buffer, Buffer, Buffer]
      expect([newest, middle, oldest].map(versionIn)).to.deep.equal([300, 2, 1])
      expect(areVersions({ key: newest }, { key: middle }) && areVersions({ key: middle }, { key: oldest })).to.equal(
        true
      )
      if (i > 0) expect(areVersions({ key: keys[i - 1]! }, { key: newest })).to.equal(false)
    }
  })

  it('refuses an id that is too long for a row', () => {
    expect(() => rowKeyOf('x'.repeat(30_001), 1, 0))
      .to.throw(StorageError, 'has 30001 bytes')
      .with.property('code', 'SPW_ERR_STORAGE_REFUSED')
  })
})
