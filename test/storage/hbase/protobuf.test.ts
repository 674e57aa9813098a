import { expect } from 'chai'
import fc from 'fast-check'
import { BinaryReader, eachField, encoded, numberIn, writeText } from '../../../lib/storage/hbase/protobuf.ts'

const readerOf = (value: bigint): BinaryReader => new BinaryReader(encoded(writer => writer.uint64(value)))

describe('numberIn', () => {
  it('gives what the library gives, for every length of a number', () => {
    const numbers = fc.integer({ min: 0, max: 64 }).chain(bits => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }))
    const edges = [0, 7, 14, 21, 28, 31, 32, 35, 42, 53, 63].flatMap(bits => [
      2n ** BigInt(bits) - 1n,
      2n ** BigInt(bits)
    ])
    fc.assert(
      fc.property(fc.oneof(numbers, fc.constantFrom(...edges)), value => {
        const reader = readerOf(value)
        expect(numberIn(reader)).to.equal(Number(value))
        expect(reader.pos).to.equal(reader.len)
      }),
      { numRuns: 2_000 }
    )
  })

  it('refuses what has no end', () => {
    expect(() => numberIn(new BinaryReader(Buffer.alloc(3, 0xff)))).to.throw()
    expect(() => numberIn(new BinaryReader(Buffer.alloc(12, 0xff)))).to.throw()
  })
})

describe('eachField', () => {
  const message = Buffer.from(
    encoded(writer => {
      writeText(writer, 1, 'passed over')
      writeText(writer, 2, 'read')
    })
  )

  it('passes over what is not read', () => {
    const reader = new BinaryReader(message)
    const texts: string[] = []
    eachField(reader, reader.len, field => field === 2 && texts.push(reader.string()))
    expect(texts).to.deep.equal(['read'])
  })

  it('refuses a field that goes beyond its message, or beyond all', () => {
    for (const [bytes, end] of [
      [message.subarray(0, 5), 5],
      [message, 5],
      [message, message.length + 1]
    ] as const) {
      const reader = new BinaryReader(bytes)
      expect(() => eachField(reader, end, () => undefined)).to.throw(RangeError)
    }
  })
})
