import { expect } from 'chai'
import fc from 'fast-check'
import { LineSplitter } from '../../lib/source/line-splitter.ts'
import type { Piece } from '../../lib/source/piece.ts'

function split(chunks: readonly string[], most = 1_000): Piece[] {
  const splitter = new LineSplitter(most)
  return [...chunks.flatMap(chunk => splitter.split(Buffer.from(chunk, 'latin1'))), ...splitter.end()]
}

const linesOf = (chunks: readonly string[]): string[] =>
  split(chunks).map(({ bytes, line }) => `${line}:${Buffer.from(bytes).toString('latin1')}`)

describe('LineSplitter', () => {
  it('gives each line with its number and without its end', () => {
    expect(linesOf(['a\nb\r\nc\n'])).to.deep.equal(['1:a', '2:b', '3:c'])
  })

  it('gives a last line without a newline', () => {
    expect(linesOf(['a\nb'])).to.deep.equal(['1:a', '2:b'])
  })

  it('leaves empty lines out, and counts them', () => {
    expect(linesOf(['\n\na\r\n\r\nb\n'])).to.deep.equal(['3:a', '5:b'])
  })

  it('keeps a carriage return that ends no line', () => {
    expect(linesOf(['a\rb\r\r\n'])).to.deep.equal(['1:a\rb\r'])
  })

  it('finds the same lines however the bytes are cut into chunks', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r', '\xff') })
    fc.assert(
      fc.property(text, fc.array(fc.nat(50)), (whole, cuts) => {
        const at = [0, ...cuts.filter(cut => cut < whole.length).sort((a, b) => a - b), whole.length]
        const chunks = at.slice(1).map((end, i) => whole.slice(at[i], end))
        expect(linesOf(chunks)).to.deep.equal(linesOf([whole]))
      })
    )
  })

  it('gives a line that is too long in parts, and goes on with the next', () => {
    const pieces = split(['a\n', ...Array.from({ length: 25 }, () => 'x'.repeat(100_000)), 'yz\nb\n'])
    expect(pieces.map(({ line, cut, bytes }) => [line, cut, bytes.length])).to.deep.equal([
      [1, undefined, 1],
      [2, 'more', 1_048_576],
      [2, 'more', 1_048_576],
      [2, 'last', 2_500_002 - 2 * 1_048_576],
      [3, undefined, 1]
    ])
    const parts = pieces.filter(({ cut }) => cut !== undefined).map(({ bytes }) => Buffer.from(bytes).toString())
    expect(parts.join('') === `${'x'.repeat(2_500_000)}yz`).to.equal(true)
  })

  it('gives a line that is only a little too long in one part', () => {
    expect(split([`${'x'.repeat(1_001)}\na`]).map(({ cut, bytes }) => [cut, bytes.length])).to.deep.equal([
      ['last', 1_001],
      [undefined, 1]
    ])
  })

  it('holds no more than a part of a line that never ends', () => {
    const splitter = new LineSplitter(1_000_000)
    const chunk = Buffer.alloc(65_536, 'x')
    let given = 0
    let most = 0
    for (let i = 0; i < 512; i++) {
      for (const { bytes } of splitter.split(chunk)) given += bytes.length
      most = Math.max(most, (i + 1) * chunk.length - given)
    }
    expect(most).to.be.below(1_200_000)
  })

  it('takes a line byte by byte', () => {
    const text = 'x'.repeat(5_000)
    const [line] = split([...text, '\n'], 10_000)
    expect(Buffer.from(line!.bytes).toString()).to.equal(text)
  })
})
