import { expect } from 'chai'
import { retryAfter } from '../../lib/http/retry-after.ts'
import { processorTime } from '../support/processor-time.ts'

const now = Date.UTC(2024, 0, 15, 12, 0, 0)

describe('retryAfter', () => {
  const table: Array<[unknown, number | undefined]> = [
    ['0', 0],
    ['2', 2_000],
    ['120', 120_000],
    ['0120', 120_000],
    ['9999999999', 9_999_999_999_000]
  ]
  for (const [header, expected] of table) {
    it(`reads ${JSON.stringify(header)} as ${expected} ms`, () => {
      expect(retryAfter(header, now)).to.equal(expected)
    })
  }

  it('E78 reads a date of the future as what is left until then', () => {
    expect(retryAfter('Mon, 15 Jan 2024 12:00:30 GMT', now)).to.equal(30_000)
  })

  it('E78 reads a date of the past as no wait', () => {
    expect(retryAfter('Mon, 15 Jan 2024 11:59:59 GMT', now)).to.equal(0)
  })

  const garbage = [
    'abc',
    '',
    ' ',
    '1e3',
    '0x10',
    '3, 5',
    '-5',
    '+5',
    '1.5',
    ' 5',
    '5 ',
    '12345678901',
    '2024-01-15T12:00:30Z',
    'Monday, 15-Jan-24 12:00:30 GMT',
    'Mon Jan 15 12:00:30 2024',
    'Mon, 15 Jan 2024 12:00:30 +0100',
    'mon, 15 jan 2024 12:00:30 gmt',
    'Mon, 45 Jan 2024 12:00:30 GMT',
    'Fri, 30 Feb 2024 12:00:30 GMT',
    'Wed, 21 Oct 0026 07:28:00 GMT',
    ['1', '2'],
    undefined,
    5
  ]
  for (const header of garbage) {
    it(`E79 ignores ${JSON.stringify(header)}`, () => {
      expect(retryAfter(header, now)).to.equal(undefined)
    })
  }

  it('E80 gives a time that is far too long as it is, for the caller to compare', () => {
    expect(retryAfter('Fri, 31 Dec 9999 23:59:59 GMT', now)).to.be.greaterThan(2 ** 47)
  })

  it('C20 looks at a header of a million characters once', () => {
    const header = '1'.repeat(1_000_000)
    const time = processorTime(() => {
      retryAfter(header, now)
      retryAfter(`Mon, ${header}`, now)
    })
    expect(time).to.be.lessThan(250)
  })
})
