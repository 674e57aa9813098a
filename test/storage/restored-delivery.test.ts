import { expect } from 'chai'
import { envelopeOf, type Envelope } from '../../lib/storage/envelope.ts'
import { restoredDelivery } from '../../lib/storage/restored-delivery.ts'
import { failedDelivery } from '../support/deliveries.ts'

describe('restoredDelivery', () => {
  const deliveries = {
    'one that failed': failedDelivery(['a', Buffer.from([0xff, 0])], {
      version: 2,
      priorAttempts: 3,
      url: 'http://a/b?c=d'
    }),
    'one that is refused': failedDelivery(['a'], {}, { retryable: false, status: 400 }),
    'one that may have arrived': failedDelivery(['a'], {}, { outcome: 'ambiguous', cause: { code: 'ECONNRESET' } }),
    'one that is not due': failedDelivery(['a'], { method: 'PUT' }, { notBefore: 1_900_000_000_000 }),
    'one with headers': failedDelivery([''], { headers: { 'content-type': 'application/json', 'x-a': 'b' } })
  }
  for (const [name, delivery] of Object.entries(deliveries)) {
    it(`makes the same envelope again, of the next version, of ${name}`, () => {
      // A delivery made by hand has a format, whose content type is not stored.
      const envelope: Envelope = { ...envelopeOf(delivery), headers: { ...delivery.request.headers } }
      expect(envelopeOf(restoredDelivery(envelope))).to.deep.equal({ ...envelope, version: envelope.version + 1 })
    })
  }

  it('makes the same envelope again, of the next version, of one that was never judged', () => {
    const { lastError: _lastError, firstError: _firstError, ...others } = envelopeOf(failedDelivery(['a']))
    const envelope: Envelope = { ...others, attempts: 0, outcome: 'shutdown' }
    expect(envelopeOf(restoredDelivery(envelope))).to.deep.equal({ ...envelope, version: envelope.version + 1 })
  })
})
