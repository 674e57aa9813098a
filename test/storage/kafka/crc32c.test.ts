import { expect } from 'chai'
import { crc32c } from '../../../lib/storage/kafka/crc32c.ts'

describe('crc32c', () => {
  // RFC 3720, B.4.
  const known: Array<[what: string, bytes: Uint8Array, sum: number]> = [
    ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 rising bytes', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['32 falling bytes', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c]
  ]
  for (const [what, bytes, sum] of known) {
    it(`is that of the RFC of ${what}`, () => {
      expect(crc32c(bytes)).to.equal(sum)
    })
  }

  it('begins where it is told to, whatever is left behind groups of eight', () => {
    expect(crc32c(Buffer.from('123456789'))).to.equal(0xe3069283)
    expect(crc32c(Buffer.from('....123456789'), 4)).to.equal(0xe3069283)
    expect(crc32c(new Uint8Array(0))).to.equal(0)
  })
})
