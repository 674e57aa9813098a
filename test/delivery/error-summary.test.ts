import { expect } from 'chai'
import { summaryOf } from '../../lib/delivery/error-summary.ts'
import { DeliveryError } from '../../lib/errors.ts'
import { answered } from '../support/manual-sender.ts'

const broken = (cause: unknown): DeliveryError =>
  new DeliveryError('SPW_ERR_NETWORK', 'x', { phase: 'maybe-sent', retryable: true, cause })

describe('summaryOf', () => {
  it('keeps code, phase and status', () => {
    expect(summaryOf(answered(503))).to.deep.equal({ code: 'SPW_ERR_STATUS', phase: 'answered', status: 503 })
  })

  const table: Array<[unknown, string | undefined]> = [
    [Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'ECONNRESET'],
    [new TypeError('x'), 'TypeError'],
    [Object.assign(new Error('x'), { code: 5 }), 'Error'],
    [Object.assign(new Error('x'), { code: 'Bearer hunter2', name: 'with hunter2' }), undefined],
    [{ code: 'a'.repeat(100) }, undefined],
    ['hunter2', undefined],
    [null, undefined]
  ]
  for (const [cause, reason] of table) {
    it(`takes ${reason ?? 'no reason'} from the cause, and never its message`, () => {
      expect(summaryOf(broken(cause)).reason).to.equal(reason)
    })
  }
})
