import { expect } from 'chai'
import { encodeRecords, encodeRequest } from '../../../lib/storage/envelope.ts'
import { entriesIn, type Source } from '../../../lib/storage/sql/reading.ts'
import type { Range } from '../../../lib/storage/sql/statements.ts'
import { Delivery } from '../../../lib/delivery.ts'

/** A table of `count` rows, which writes down what it is asked for. */
function tableOf(count: number, characters: number): Source & { readonly asked: Range[] } {
  const values = encodeRecords(new Delivery(['x'.repeat(characters)]))
  const asked: Range[] = []
  return {
    asked,
    table: 't',
    last: async () => count,
    page: async range => {
      asked.push(range)
      const rows = Math.min(range.most, range.upTo - range.after)
      return Array.from({ length: rows }, (_, i) => {
        const id = String(range.after + 1 + i)
        return { cells: [id, encodeRequest(new Delivery([], { id })), values], claim: undefined }
      })
    },
    whole: async () => undefined
  }
}

async function pagesOf(source: ReturnType<typeof tableOf>): Promise<number[]> {
  let next = 1
  for await (const entry of entriesIn(source, {}, undefined)) expect(entry.id).to.equal(String(next++))
  return source.asked.map(({ most }) => most)
}

describe('The entries of a table', () => {
  it('are read in larger pages where they are small', async () => {
    expect(await pagesOf(tableOf(6_500, 100))).to.deep.equal([1_000, 2_000, 2_000, 2_000])
    expect(await pagesOf(tableOf(3_500, 2_000))).to.deep.equal([1_000, 1_000, 1_000, 1_000])
  })

  it('are all read, and nothing after them, when the last page is full', async () => {
    expect(await pagesOf(tableOf(3_000, 100))).to.deep.equal([1_000, 2_000, 2_000])
    expect(await pagesOf(tableOf(0, 100))).to.deep.equal([1_000])
  })
})
