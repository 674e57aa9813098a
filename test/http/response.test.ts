import { expect } from 'chai'
import { OptionsError } from '../../lib/errors.ts'
import { verdict, type VerdictRules, verdictRules } from '../../lib/http/response.ts'
import type { StatusSet } from '../../lib/http/status-set.ts'

const rules = (options: { successCode?: StatusSet; retryOn?: StatusSet; refuseOn?: StatusSet } = {}): VerdictRules =>
  verdictRules({ successCode: '2xx', maxRetryAfter: 300_000, ...options })

/** What is decided, in the words of the table. */
function decided(status: number, records = 1, of = rules()): string {
  const error = verdict(status, {}, records, of)
  if (error === undefined) return 'delivered'
  expect(error).to.include({ code: 'SPW_ERR_STATUS', phase: 'answered', status, countsAsAttempt: true })
  if (error.splittable) return 'split'
  if (error.retryable) return error.budget === undefined ? 'retry' : `retry ${error.budget}`
  return error.outcome
}

describe('verdict', () => {
  const rows: Array<[string, readonly number[], string]> = [
    ['E59 a success status', [200, 201, 202, 203, 204, 205, 206, 299], 'delivered'],
    ['E70 E76 a status that asks to come again', [408, 425, 429], 'retry'],
    ['E83 E84 an error of the server', [500, 502, 503, 504, 506, 507, 508, 511, 599], 'retry'],
    ['E39 a status of no class', [600, 999], 'retry'],
    ['E68 E85 what the server will never do', [405, 501, 505], 'refused'],
    ['E75 a state that may pass', [421, 423, 424], 'retry'],
    ['E66 E69 an endpoint that refuses everybody', [401, 403, 407], 'retry 2'],
    ['E67 an address that is not there', [404], 'retry 1'],
    ['E65 E73 a single record that it cannot take', [400, 413, 422], 'refused'],
    ['E62 E64 a redirection', [300, 301, 302, 303, 304, 307, 308], 'refused'],
    [
      'E67 E71 E72 any other status of the client',
      [402, 406, 409, 410, 411, 412, 414, 415, 416, 428, 431, 451],
      'refused'
    ]
  ]
  for (const [name, statuses, expected] of rows) {
    for (const status of statuses) {
      it(`${name}: ${status} is ${expected}`, () => {
        expect(decided(status)).to.equal(expected)
      })
    }
  }

  for (const status of [400, 413, 422]) {
    it(`E73 splits a batch on ${status}`, () => {
      expect(decided(status, 2)).to.equal('split')
    })
  }

  it('splits a batch on no other status', () => {
    expect([401, 404, 409, 414, 500].map(status => decided(status, 2))).to.not.include('split')
  })

  it('stores what is used up as exhausted, and what is not taken as refused', () => {
    expect(verdict(503, {}, 1, rules())).to.include({ retryable: true, outcome: 'exhausted' })
    expect(verdict(404, {}, 1, rules())).to.include({ retryable: true, outcome: 'exhausted' })
    expect(verdict(401, {}, 1, rules())).to.include({ retryable: true, outcome: 'exhausted' })
    expect(verdict(410, {}, 1, rules())).to.include({ retryable: false, outcome: 'refused' })
  })

  it('asks successCode first, then refuseOn, then retryOn, then the table', () => {
    const of = rules({ successCode: 404, refuseOn: [404, 503, 409], retryOn: [404, 409, 410] })
    expect([404, 503, 409, 410, 500].map(status => decided(status, 1, of))).to.deep.equal([
      'delivered',
      'refused',
      'refused',
      'retry',
      'retry'
    ])
  })

  it('takes 2xx for a failure where successCode does not have it', () => {
    expect(decided(200, 1, rules({ successCode: 202 }))).to.equal('refused')
  })

  it('does not split, nor limit, what retryOn has', () => {
    const of = rules({ retryOn: '4xx' })
    expect([400, 401, 404, 413].map(status => decided(status, 2, of))).to.deep.equal(Array(4).fill('retry'))
  })

  it('does not split what refuseOn has', () => {
    expect(decided(413, 2, rules({ refuseOn: 413 }))).to.equal('refused')
  })

  for (const status of [429, 503]) {
    it(`E77 takes the time that a ${status} asks for`, () => {
      expect(verdict(status, { 'retry-after': '2' }, 1, rules())).to.include({ retryable: true, retryAfter: 2_000 })
    })
  }

  it('takes no time from another status', () => {
    expect(verdict(500, { 'retry-after': '2' }, 1, rules())?.retryAfter).to.equal(undefined)
  })

  it('E80 stores with the time what asks for more than maxRetryAfter, and holds the endpoint for no more than that', () => {
    const error = verdict(503, { 'retry-after': '301' }, 1, rules(), () => 1_000)
    expect(error).to.include({ retryable: false, outcome: 'exhausted', notBefore: 302_000, retryAfter: 300_000 })
  })

  it('E80 waits for exactly maxRetryAfter', () => {
    expect(verdict(503, { 'retry-after': '300' }, 1, rules())).to.include({ retryable: true, retryAfter: 300_000 })
  })

  it('names the option that has no statuses', () => {
    expect(() => rules({ refuseOn: 'none' })).to.throw(OptionsError, 'http/refuseOn')
    expect(() => rules({ retryOn: 'none' })).to.throw(OptionsError, 'http/retryOn')
    expect(() => rules({ successCode: 'none' })).to.throw(OptionsError, 'http/successCode')
  })
})
