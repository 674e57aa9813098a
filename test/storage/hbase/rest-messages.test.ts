import { expect } from 'chai'
import fc from 'fast-check'
import { putsMessage, RowStream } from '../../../lib/storage/hbase/rest-messages.ts'
import type { Put } from '../../../lib/storage/hbase/table.ts'

/** What a REST server answers to a scan: messages behind the lower two bytes of their length. */
function answer(...messages: ReadonlyArray<readonly Put[]>): Buffer {
  return Buffer.concat(
    messages.flatMap(puts => {
      const message = Buffer.from(putsMessage(puts))
      const length = Buffer.alloc(2)
      length.writeUInt16BE(message.length % 65_536)
      return [length, message]
    })
  )
}

const put = (key: string, bytes: number): Put => ({
  key: Buffer.from(key),
  time: 7,
  cells: [['values', 'x'.repeat(bytes)]]
})

function readIn(pieces: readonly Buffer[]): { keys: string[]; isCut: boolean } {
  const stream = new RowStream()
  const rows = pieces.flatMap(piece => stream.add(piece))
  return { keys: rows.map(({ key }) => key.toString()), isCut: stream.isCut }
}

describe('RowStream', () => {
  it('gives the rows of messages that are cut anywhere', () => {
    const bytes = answer([put('a', 10), put('b', 200)], [put('c', 70_000), put('d', 3)], [put('e', 0)])
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 5 }), cuts => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end))
        expect(readIn(pieces)).to.deep.equal({ keys: ['a', 'b', 'c', 'd', 'e'], isCut: false })
      })
    )
  })

  it('goes on with a message when a row of it ends where its length seems to', () => {
    // A first row of exactly 65,536 bytes: the length of the message, in two bytes, is the one of the second row.
    const first = putsMessage([put('a', 65_000)]).length
    const filled = put('a', 65_000 + 65_536 - first)
    expect(putsMessage([filled])).to.have.length(65_536)
    for (const bytes of [0, 100, 1_300, 70_000]) {
      const message = [filled, put('b', bytes), put('c', 5)]
      const length = putsMessage(message).length
      // Its first two rows together as long as the lower bytes say, too.
      expect(readIn([answer(message, [put('d', 1)])]), `${length}`).to.deep.equal({
        keys: ['a', 'b', 'c', 'd'],
        isCut: false
      })
    }
    const twice = [put('x', 100), filled, put('y', 1_300)]
    const odd = [put('x', 100 + 65_536 - (putsMessage(twice).length % 65_536)), filled, put('y', 1_300)]
    expect(readIn([answer(odd, [put('d', 1)])]).keys).to.deep.equal(['x', 'a', 'y', 'd'])
  })

  it('knows that an answer cannot end within a message', () => {
    const bytes = answer([put('a', 10), put('b', 20)])
    for (let end = 1; end < bytes.length; end++) expect(readIn([bytes.subarray(0, end)]).isCut, `${end}`).to.equal(true)
    expect(readIn([]).isCut).to.equal(false)
  })
})
