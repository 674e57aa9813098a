import { expect } from 'chai'
import { newId } from '../../lib/delivery/id.ts'

describe('newId', () => {
  it('never gives the same id twice, nor one that no header may have', () => {
    const ids = Array.from({ length: 10_000 }, newId)
    expect(new Set(ids).size).to.equal(10_000)
    for (const id of ids) expect(id).to.match(/^[\w-]{14,30}$/)
  })
})
