import { expect } from 'chai'
import { OptionsError } from '../../lib/errors.ts'
import { type StatusSet, statusSet } from '../../lib/http/status-set.ts'

const statuses = [100, 199, 200, 201, 204, 299, 300, 404, 499, 500, 501, 503, 599, 600, 999]
const among = (set: StatusSet): number[] => statuses.filter(statusSet('http/successCode', set))

describe('statusSet', () => {
  const table: Array<[StatusSet, number[]]> = [
    [200, [200]],
    ['200', [200]],
    [
      [200, 201],
      [200, 201]
    ],
    ['2xx', [200, 201, 204, 299]],
    ['2XX', [200, 201, 204, 299]],
    ['2xx,404', [200, 201, 204, 299, 404]],
    [' 2xx , 404 ', [200, 201, 204, 299, 404]],
    ['5xx,!501', [500, 503, 599]],
    ['!501,5xx', [500, 503, 599]],
    ['5xx,!5xx,500', []],
    [
      ['5xx', '!501', 404],
      [404, 500, 503, 599]
    ],
    ['9xx', [999]]
  ]
  for (const [set, expected] of table) {
    it(`${JSON.stringify(set)} means ${expected.join(', ') || 'none of them'}`, () => {
      expect(among(set)).to.deep.equal(expected)
    })
  }

  for (const set of ['', '2x', '20', '2000', '0xx', '099', '1e2', '-200', '2xx,', '!', '200-299', 'ok']) {
    it(`refuses ${JSON.stringify(set)} and names the option`, () => {
      expect(() => statusSet('http/retryOn', set)).to.throw(OptionsError, 'http/retryOn must be made of statuses')
    })
  }

  it('refuses a set that only excludes', () => {
    expect(() => statusSet('http/successCode', '!404')).to.throw(OptionsError, 'must include a status')
  })
})
