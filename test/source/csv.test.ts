import { expect } from 'chai'
import fc from 'fast-check'
import { csvFields } from '../../lib/source/csv-row.ts'
import { CsvSplitter } from '../../lib/source/csv-splitter.ts'

function rowsOf(chunks: readonly string[], most = 1_000): Array<[number, string]> {
  const splitter = new CsvSplitter(most)
  const pieces = [...chunks.flatMap(chunk => splitter.split(Buffer.from(chunk))), ...splitter.end()]
  return pieces.map(({ line, bytes }) => [line, Buffer.from(bytes).toString()])
}

describe('CsvSplitter', () => {
  it('ends a row at a newline', () => {
    expect(rowsOf(['a,b\r\nc,d\ne,f'])).to.deep.equal([
      [1, 'a,b'],
      [2, 'c,d'],
      [3, 'e,f']
    ])
  })

  it('takes a newline within quotes as a part of the row, and counts it', () => {
    expect(rowsOf(['a,"b\nc""\n"\nd,"e"\n'])).to.deep.equal([
      [1, 'a,"b\nc""\n"'],
      [4, 'd,"e"']
    ])
  })

  it('takes a quote in the middle of a plain field as any other character', () => {
    expect(rowsOf(['5" pipe,x\n6,y\n'])).to.deep.equal([
      [1, '5" pipe,x'],
      [2, '6,y']
    ])
  })

  it('gives what follows a quote that is never closed in parts', () => {
    const rows = rowsOf(['a\n', `"${'x\n'.repeat(2_000)}`], 1_000)
    expect(rows[0]).to.deep.equal([1, 'a'])
    expect(rows.slice(1).map(([line]) => line)).to.deep.equal(rows.slice(1).map(() => 2))
    expect(
      rows
        .slice(1)
        .map(([, text]) => text)
        .join('')
    ).to.equal(`"${'x\n'.repeat(2_000)}`)
  })
})

describe('csvFields', () => {
  it('separates by commas', () => {
    expect(csvFields('a, b,,c ')).to.deep.equal(['a', ' b', '', 'c '])
    expect(csvFields('')).to.deep.equal([''])
  })

  it('takes commas, newlines and doubled quotes within quotes', () => {
    expect(csvFields('"a,b","c ""d""",e,"","f\ng"')).to.deep.equal(['a,b', 'c "d"', 'e', '', 'f\ng'])
    expect(csvFields('"a",')).to.deep.equal(['a', ''])
  })

  it('takes a quote in the middle of a plain field as it is', () => {
    expect(csvFields('5" pipe,"x"')).to.deep.equal(['5" pipe', 'x'])
  })

  it('refuses a quote that is not closed, and text after a closing one', () => {
    expect(() => csvFields('a,"b')).to.throw(SyntaxError, 'not closed')
    expect(() => csvFields('"a"b,c')).to.throw(SyntaxError, 'followed by a comma')
  })

  it('reads what was written by the rules, row by row and field by field', () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'é') })
    const table = fc.array(fc.array(field, { minLength: 2, maxLength: 2 }), { minLength: 1 })
    fc.assert(
      fc.property(table, fc.nat(20), (rows, cut) => {
        const text = rows.map(row => row.map(value => `"${value.replaceAll('"', '""')}"`).join(',')).join('\n')
        const found = rowsOf([text.slice(0, cut), text.slice(cut)], 100_000).map(([, row]) => csvFields(row))
        expect(found).to.deep.equal(rows)
      })
    )
  })
})
