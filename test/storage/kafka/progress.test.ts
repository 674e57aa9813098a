import { expect } from 'chai'
import { assert as check, array, nat, property, uniqueArray } from 'fast-check'
import { Progress } from '../../../lib/storage/kafka/progress.ts'

describe('Progress', () => {
  const one = (offset: number) => ({ offset, index: 0, of: 1 })
  const value = (offset: number, index: number, of: number) => ({ offset, index, of })

  it('passes what is settled in a row', () => {
    const progress = new Progress(10)
    progress.settle(one(11))
    expect(progress.base).to.equal(10)
    progress.settle(one(10))
    expect(progress.base).to.equal(12)
    expect(progress.commit()).to.deep.equal({ offset: 12, metadata: '', isWhole: true })
  })

  it('is the same after it was committed and read again', () => {
    check(
      property(
        nat(1_000_000),
        uniqueArray(nat(20_000), { maxLength: 200 }),
        array(nat(30)),
        (base, settled, partly) => {
          const progress = new Progress(base)
          for (const offset of settled) progress.settle(one(base + offset))
          for (const offset of partly) progress.settle(value(base + 30_000 + offset, offset % 3, 3))
          const { offset, metadata, isWhole } = progress.commit()
          const again = Progress.of(offset, metadata)
          expect(isWhole).to.equal(true)
          expect(again.base).to.equal(progress.base)
          for (const each of settled) expect(again.isPast(base + each)).to.equal(true)
          expect([...again.open(base + 20_100)]).to.deep.equal([...progress.open(base + 20_100)])
          for (const each of partly) {
            const place = { offset: base + 30_000 + each, index: each % 3 }
            expect(again.isSettled(place)).to.equal(true)
            expect(again.isSettled({ ...place, index: (each + 1) % 3 })).to.equal(false)
          }
        }
      )
    )
  })

  it('commits what has room, from the lowest on, and says that it is not all', () => {
    const progress = new Progress(0)
    for (let offset = 1; offset < 10_000; offset += 2) progress.settle(one(offset))
    const { metadata, isWhole } = progress.commit()
    expect(isWhole).to.equal(false)
    expect(metadata.length).to.be.within(3_000, 4_000)
    const again = Progress.of(0, metadata)
    expect(again.runs).to.be.above(1_000)
    for (let i = 0; i < again.runs; i++) expect(again.run(i)).to.deep.equal([2 * i + 1, 2 * i + 2])
  })

  it('settles a message when all of its values are', () => {
    const progress = new Progress(0)
    progress.settle(value(0, 0, 3))
    progress.settle(value(0, 2, 3))
    progress.settle(value(0, 2, 3))
    expect([progress.isPast(0), progress.isPartly(0)]).to.deep.equal([false, true])
    progress.settle(value(0, 1, 3))
    expect([progress.isPast(0), progress.isPartly(0), progress.base]).to.deep.equal([true, false, 1])
  })

  it('passes over what is nothing', () => {
    const progress = new Progress(5)
    progress.skip(6, 8)
    progress.skip(0, 3)
    expect(progress.base).to.equal(5)
    progress.settle(one(5))
    expect(progress.base).to.equal(8)
    progress.pass(20)
    expect(progress.base).to.equal(20)
  })

  for (const text of [
    '',
    'something of another client',
    'spillway1 ',
    'spillway1 !!!! x.y',
    'spillway1 gICAgICA',
    null
  ]) {
    it(`takes the committed text ${JSON.stringify(text)} for nothing`, () => {
      const progress = Progress.of(7, text)
      expect(progress.base).to.equal(7)
      expect(progress.runs).to.equal(0)
    })
  }
})
