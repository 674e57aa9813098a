import { expect } from 'chai'
import fc from 'fast-check'
import { Delivery } from '../../lib/delivery.ts'
import { JoinedRecords, joinedWhere } from '../../lib/delivery/joined-records.ts'
import { formatNamed } from '../../lib/http/format.ts'
import { plainTarget } from '../../lib/http/target.ts'

describe('JoinedRecords', () => {
  for (const name of ['json', 'ndjson', 'text'] as const) {
    it(`gives the records of a ${name} body back as they were`, () => {
      const format = formatNamed(name, 500)
      fc.assert(
        fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1 }), records => {
          const joined = joinedWhere(records, format)
          expect(joined).to.be.instanceOf(JoinedRecords)
          expect((joined as JoinedRecords).cut()).to.deep.equal(records)
          expect((joined as JoinedRecords).body).to.deep.equal(Buffer.from(format.join(records)))
        })
      )
    })
  }

  it('leaves bytes, and what an own format joins, as they are', () => {
    expect(joinedWhere(['a', Buffer.from('b')], formatNamed('ndjson', 2))).to.be.an('array')
    expect(joinedWhere(['a'], { contentType: 'text/x', encode: String, join: String })).to.be.an('array')
    expect(joinedWhere(['a'], undefined)).to.be.an('array')
    expect(joinedWhere([], formatNamed('json', 2))).to.be.an('array')
  })

  it('is joined anew for a target of another format', () => {
    const joined = joinedWhere(['1', '2'], formatNamed('ndjson', 2))
    const target = { ...plainTarget({}), format: formatNamed('json', 2) }
    const delivery = new Delivery(joined, {}, target)
    expect(delivery.body).to.equal('[1,2]')
    expect(delivery).to.include({ count: 2, bytes: 2 })
    expect(delivery.failed).to.be.a('function')
  })
})
