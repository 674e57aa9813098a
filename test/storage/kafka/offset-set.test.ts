import { expect } from 'chai'
import { assert as check, array, boolean, nat, property, record } from 'fast-check'
import { OffsetSet } from '../../../lib/storage/kafka/offset-set.ts'

describe('OffsetSet', () => {
  const step = record({ start: nat(60), length: nat(6), isDrop: boolean() })

  it('has what was added and not dropped, in as few runs as there can be', () => {
    check(
      property(array(step, { maxLength: 30 }), steps => {
        const set = new OffsetSet()
        const model = new Set<number>()
        for (const { start, length, isDrop } of steps) {
          if (isDrop && length === 0) {
            set.dropBelow(start)
            for (const offset of model) if (offset < start) model.delete(offset)
          } else {
            set.add(start, start + length + 1)
            for (let offset = start; offset <= start + length; offset++) model.add(offset)
          }
        }
        for (let offset = 0; offset < 70; offset++) expect(set.has(offset), String(offset)).to.equal(model.has(offset))
        const starts = [...model].filter(offset => !model.has(offset - 1))
        expect(set.runs).to.equal(starts.length)
      })
    )
  })
})
