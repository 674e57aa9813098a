import { expect } from 'chai'
import fc from 'fast-check'
import { Fifo } from '../../lib/delivery/fifo.ts'

describe('Fifo', () => {
  it('gives what an array would, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 300 }), actions => {
        const fifo = new Fifo<number>()
        const array: number[] = []
        actions.forEach((adds, i) => {
          if (adds) array.push(i)
          if (adds) fifo.push(i)
          else expect(fifo.shift()).to.equal(array.shift())
          expect(fifo.peek()).to.equal(array[0])
          expect(fifo.length).to.equal(array.length)
        })
      })
    )
  })

  it('gives what an array would when it is long', () => {
    const fifo = new Fifo<number>()
    for (let i = 0; i < 10_000; i++) fifo.push(i)
    for (let i = 0; i < 9_000; i++) expect(fifo.shift()).to.equal(i)
    fifo.push(10_000)
    expect(fifo.length).to.equal(1_001)
    for (let i = 9_000; i <= 10_000; i++) expect(fifo.shift()).to.equal(i)
    expect(fifo.shift()).to.equal(undefined)
  })
})
