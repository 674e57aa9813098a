import { expect } from 'chai'
import { Refusals } from '../../lib/cli/refusals.ts'
import { Secrets } from '../../lib/config/secrets.ts'
import { Delivery } from '../../lib/delivery.ts'
import { DeliveryError } from '../../lib/errors.ts'
import { told } from '../support/told.ts'

describe('Refusals', () => {
  const texts = told()

  const failed = (message: string, retryable = false): Delivery =>
    new Delivery(['a']).failed(new DeliveryError('SPW_ERR_REQUEST', message, { phase: 'not-sent', retryable }))

  it('says each reason once, and nothing of what may still be delivered', () => {
    const refusals = new Refusals(new Secrets())
    for (const delivery of [failed('no URL'), failed('no URL'), failed('busy', true), failed('HEAD'), undefined]) {
      refusals.see(delivery)
    }
    expect(texts).to.deep.equal([
      'spillway: a record is refused, SPW_ERR_REQUEST: no URL\n',
      'spillway: a record is refused, SPW_ERR_REQUEST: HEAD\n'
    ])
  })

  it('says ten reasons at most', () => {
    const refusals = new Refusals(new Secrets())
    for (let i = 0; i < 50; i++) refusals.see(failed(`reason ${i}`))
    expect(texts).to.have.lengthOf(11)
    expect(texts[10]).to.include('not told any more')
  })

  it('says nothing that is secret', () => {
    const secrets = new Secrets()
    secrets.add('hunter2-hunter2', 'TOKEN')
    new Refusals(secrets).see(failed('got hunter2-hunter2'))
    expect(texts.join('')).to.include('got ').and.not.include('hunter2')
  })
})
