import { expect } from 'chai'
import fc from 'fast-check'
import { Frames } from '../../../lib/storage/hbase/frames.ts'

describe('Frames', () => {
  it('gives frames whole, wherever the chunks are cut', () => {
    const bodies = [Buffer.from('one'), Buffer.alloc(0), Buffer.alloc(1_000, 'x'), Buffer.from('last')]
    const bytes = Buffer.concat(
      bodies.flatMap(body => {
        const length = Buffer.alloc(4)
        length.writeUInt32BE(body.length)
        return [length, body]
      })
    )
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), cuts => {
        const frames = new Frames(2_000)
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        const given = at
          .slice(1)
          .flatMap((end, i) => [...frames.add(bytes.subarray(at[i], end))].map(frame => Buffer.from(frame)))
        expect(given).to.deep.equal(bodies)
      })
    )
  })

  it('refuses a length that cannot be', () => {
    expect(() => [...new Frames(100).add(Buffer.from('HTTP/1.1 400'))]).to.throw(
      RangeError,
      'a frame of 1213486160 bytes'
    )
  })
})
