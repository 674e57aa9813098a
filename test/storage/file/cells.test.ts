import { expect } from 'chai'
import { cellAt, Cells } from '../../../lib/storage/file/cells.ts'

const pageEnd = 2 ** 15
const far = 2 ** 30 - 1

const cellsWith = (...members: readonly number[]): Cells => {
  const cells = new Cells()
  for (const cell of members) cells.add(cell)
  return cells
}

describe('Cells', () => {
  it('are 64 bytes each', () => {
    expect([0, 63, 64, 2 ** 40].map(cellAt)).to.deep.equal([0, 0, 1, 2 ** 34])
  })

  it('have what was added, and nothing else', () => {
    const members = [0, 31, 32, 1_000, pageEnd - 1, pageEnd, 3 * pageEnd + 63, far]
    const cells = cellsWith(...members, 31)
    expect([...cells]).to.deep.equal(members)
    for (const cell of members) {
      expect(cells.has(cell), `${cell}`).to.equal(true)
      for (const beside of [cell - 1, cell + 1].filter(other => !members.includes(other))) {
        expect(cells.has(beside), `${beside}`).to.equal(false)
      }
    }
  })

  it('know whether there are none from one on', () => {
    const cells = cellsWith(5, pageEnd + 40)
    expect([0, 5, 6, pageEnd, pageEnd + 40].map(cell => cells.isEmptyFrom(cell))).to.not.include(true)
    expect([pageEnd + 41, 2 * pageEnd, far].map(cell => cells.isEmptyFrom(cell))).to.not.include(false)
    expect(new Cells().isEmptyFrom(0)).to.equal(true)
  })

  it('take little memory for a cell far out', () => {
    const before = process.memoryUsage().arrayBuffers
    const cells = cellsWith(0, far)
    expect(process.memoryUsage().arrayBuffers - before).to.be.below(1_000_000)
    expect(cells.has(far)).to.equal(true)
  })
})
