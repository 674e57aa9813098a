import { expect } from 'chai'
import { Delivery } from '../../lib/delivery.ts'
import { type DeliveryError, OptionsError } from '../../lib/errors.ts'
import { shutDown, timedOut } from '../../lib/http/failure.ts'
import { envelopeOf } from '../../lib/storage/envelope.ts'
import { type Filter, matching } from '../../lib/storage/filter.ts'
import { answered } from '../support/manual-sender.ts'

const at = Date.UTC(2024, 0, 15, 12)
const stored = (error: DeliveryError | undefined, acceptedAt = at) => {
  const delivery = new Delivery(['1'], { acceptedAt })
  return envelopeOf(error === undefined ? delivery : delivery.failed(error))
}
const all = {
  503: stored(answered(503)),
  404: stored(answered(404)),
  400: stored(answered(400)),
  timeout: stored(timedOut(1, true, 'at-most-once')),
  shutdown: stored(shutDown(false)),
  early: stored(answered(503), at - 1),
  none: stored(undefined)
}
const found = (filter?: Filter): string[] =>
  Object.entries(all).flatMap(([name, envelope]) => (matching(filter)(envelope) ? [name] : []))

describe('matching', () => {
  it('means all without a filter', () => {
    expect(found()).to.have.members(Object.keys(all))
    expect(found({})).to.have.members(Object.keys(all))
  })

  const table: Array<[string, Filter, string[]]> = [
    ['one status', { status: 404 }, ['404']],
    ['a list of statuses', { status: [404, 400] }, ['400', '404']],
    ['a code', { code: 'SPW_ERR_TIMEOUT' }, ['timeout']],
    ['a list of codes', { code: ['SPW_ERR_TIMEOUT', 'SPW_ERR_SHUTDOWN'] }, ['timeout', 'shutdown']],
    ['an outcome', { outcome: 'refused' }, ['400']],
    ['a list of outcomes', { outcome: ['ambiguous', 'shutdown'] }, ['timeout', 'shutdown', 'none']],
    ['all parts together', { status: [503, 400], outcome: 'refused' }, ['400']],
    ['until, which it leaves out', { until: new Date(at) }, ['early']]
  ]
  for (const [name, filter, expected] of table) {
    it(`finds by ${name}`, () => {
      expect(found(filter)).to.deep.equal(expected)
    })
  }

  for (const since of [new Date(at), at, '2024-01-15T12:00:00Z', '2024-01-15T12:00:00.000Z']) {
    it(`finds since ${JSON.stringify(since)}, which it has`, () => {
      expect(found({ since })).to.have.members(Object.keys(all).filter(name => name !== 'early'))
    })
  }

  it('refuses a time that is none', () => {
    expect(() => matching({ since: 'yesterday' })).to.throw(
      OptionsError,
      'filter/since must be a time, got "yesterday"'
    )
    expect(() => matching({ until: new Date(NaN) })).to.throw(OptionsError, 'filter/until must be a time')
  })
})
