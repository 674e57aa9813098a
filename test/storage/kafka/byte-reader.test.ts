import { expect } from 'chai'
import fc from 'fast-check'
import { ByteReader } from '../../../lib/storage/kafka/byte-reader.ts'

function written(number: bigint): Buffer {
  const bytes: number[] = []
  let left = BigInt.asUintN(64, (number << 1n) ^ (number >> 63n))
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128)
  return Buffer.from([...bytes, Number(left)])
}

describe('ByteReader', () => {
  it('reads each number of 64 bits, and ends behind it', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.nat(63), (any, shift) => {
        const number = any >> BigInt(shift)
        const bytes = written(number)
        const reader = new ByteReader(Buffer.concat([bytes, Buffer.from([7])]))
        expect(BigInt(reader.varlong())).to.equal(number)
        expect(reader.at).to.equal(bytes.length)
      }),
      {
        numRuns: 1_000,
        examples: [
          [-(2n ** 63n), 0],
          [2n ** 63n - 1n, 0],
          [2n ** 52n, 0],
          [-(2n ** 52n) - 1n, 0]
        ]
      }
    )
  })

  // Kafka's own client loses what is beyond 64 bits, kafkajs does not, and neither says so.
  it('refuses a number of more than 64 bits', () => {
    const ofTenBytes = (last: number): ByteReader => new ByteReader(Buffer.from([...Array<number>(9).fill(128), last]))
    expect(ofTenBytes(1).varlong()).to.equal(2n ** 62n)
    for (let last = 2; last < 128; last++) {
      expect(() => ofTenBytes(last).varlong(), String(last)).to.throw(RangeError, 'too large')
    }
  })

  it('refuses a number that goes on after ten bytes, and one that is cut', () => {
    for (const length of [0, 1, 5, 9, 10, 11]) {
      const reader = new ByteReader(Buffer.alloc(length, 128))
      expect(() => reader.varlong(), String(length)).to.throw(RangeError, 'does not end')
    }
  })
})
