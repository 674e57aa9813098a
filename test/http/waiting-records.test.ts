import { expect } from 'chai'
import fc from 'fast-check'
import { Delivery } from '../../lib/delivery.ts'
import { plainTarget } from '../../lib/http/target.ts'
import { WaitingRecords } from '../../lib/http/waiting-records.ts'

const target = plainTarget({ url: 'http://h/' })

describe('WaitingRecords', () => {
  it('gives records and deliveries in the order in which they came', () => {
    const action = fc.constantFrom('record', 'delivery', 'take')
    fc.assert(
      fc.property(fc.array(action, { maxLength: 200 }), actions => {
        const waiting = new WaitingRecords()
        const expected: string[] = []
        actions.forEach((what, i) => {
          if (what === 'record') waiting.push(target, String(i), 1)
          else if (what === 'delivery') waiting.pushDelivery(new Delivery([String(i)]))
          else expect(waiting.shift()?.records[0]).to.equal(expected.shift())
          if (what !== 'take') expected.push(String(i))
          expect(waiting.length).to.equal(expected.length)
        })
      })
    )
  })

  it('makes deliveries with what the record was accepted with', () => {
    const before = Date.now()
    const waiting = new WaitingRecords()
    waiting.push(target, 'äö', 4)
    const delivery = waiting.shift()!
    expect(delivery).to.deep.include({ records: ['äö'], bytes: 4, target })
    expect(delivery.acceptedAt).to.be.within(before, Date.now())
  })

  it('gives a delivery that was put in as it is', () => {
    const given = new Delivery(['1'])
    const waiting = new WaitingRecords()
    waiting.pushDelivery(given)
    expect(waiting.shift()).to.equal(given)
  })

  it('gives what it has when it is long', () => {
    const waiting = new WaitingRecords()
    for (let i = 0; i < 10_000; i++) waiting.push(target, String(i), 1)
    for (let i = 0; i < 9_000; i++) expect(waiting.shift()!.records[0]).to.equal(String(i))
    waiting.push(target, 'last', 4)
    expect(waiting.length).to.equal(1_001)
    for (let i = 9_000; i < 10_000; i++) expect(waiting.shift()!.records[0]).to.equal(String(i))
    expect(waiting.shift()!.records[0]).to.equal('last')
    expect(waiting.shift()).to.equal(undefined)
  })
})
