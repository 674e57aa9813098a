import { expect } from 'chai'
import { newId, newPrefix } from '../../lib/delivery/id.ts'

describe('newId', () => {
  it('never gives the same id twice, nor one that no header may have', () => {
    const ids = Array.from({ length: 10_000 }, newId)
    expect(new Set(ids).size).to.equal(10_000)
    for (const id of ids) expect(id).to.match(/^[\w-]{14,30}$/)
  })

  it('gives none that a command line would take for a flag', () => {
    const prefixes = Array.from({ length: 10_000 }, newPrefix)
    expect(new Set(prefixes).size).to.equal(10_000)
    for (const prefix of prefixes) expect(prefix).to.match(/^\w[\w-]{11}$/)
  })
})
