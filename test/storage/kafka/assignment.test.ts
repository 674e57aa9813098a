import { expect } from 'chai'
import { assign } from '../../../lib/storage/kafka/assignment.ts'

describe('assign', () => {
  it('shares partitions evenly', () => {
    const shared = assign(
      [
        { memberId: 'a', held: [] },
        { memberId: 'b', held: [] }
      ],
      [0, 1, 2, 3, 4]
    )
    expect([...shared.values()].map(own => own.length).sort()).to.deep.equal([2, 3])
    expect([...shared.values()].flat().sort()).to.deep.equal([0, 1, 2, 3, 4])
  })

  it('leaves to each what it holds', () => {
    const shared = assign(
      [
        { memberId: 'a', held: [0, 1, 2] },
        { memberId: 'b', held: [] }
      ],
      [0, 1, 2, 3]
    )
    expect(Object.fromEntries(shared)).to.deep.equal({ a: [0, 1, 2], b: [3] })
  })

  it('gives a partition that two say they hold to one of them, and none that is not there', () => {
    const shared = assign(
      [
        { memberId: 'a', held: [0, 9] },
        { memberId: 'b', held: [0] }
      ],
      [0]
    )
    expect(Object.fromEntries(shared)).to.deep.equal({ a: [0], b: [] })
  })
})
