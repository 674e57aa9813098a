import { expect } from 'chai'
import fc from 'fast-check'
import { DeliveryError } from '../../lib/errors.ts'
import { type DelayRules, nextDelay } from '../../lib/retry/next-delay.ts'
import { answered } from '../support/manual-sender.ts'

const rules: DelayRules = { retries: 3, minDelay: 500, maxDelay: 30_000 }
const after = (attempts: number, more: Partial<Parameters<typeof nextDelay>[0]> = {}) => ({
  attempts,
  budget: undefined,
  error: answered(503),
  failedAt: 0,
  ...more
})
const delays = (from: ReturnType<typeof after>, of = rules, now = 0): Array<number | undefined> =>
  [0, 0.5, 1 - Number.EPSILON].map(random => nextDelay(from, of, () => random, now))

describe('nextDelay', () => {
  it('takes `retries` for the attempts after the first', () => {
    const made = [1, 2, 3, 4].map(attempts => nextDelay(after(attempts), rules) !== undefined)
    expect(made).to.deep.equal([true, true, true, false])
  })

  it('makes none with retries 0', () => {
    expect(nextDelay(after(1), { ...rules, retries: 0 })).to.equal(undefined)
  })

  it('doubles with every attempt, jittered over a floor that is not zero', () => {
    const of = { ...rules, retries: 9 }
    expect(delays(after(1), of)).to.deep.equal([125, 313, 500])
    expect(delays(after(2), of)).to.deep.equal([250, 625, 1000])
    expect(delays(after(5), of)).to.deep.equal([2000, 5000, 8000])
  })

  it('caps at maxDelay', () => {
    expect(delays(after(9), { ...rules, retries: 99 })).to.deep.equal([7500, 18_750, 30_000])
    expect(delays(after(1), { ...rules, maxDelay: 100 })).to.deep.equal([25, 63, 100])
  })

  it('stays a delay after a million attempts', () => {
    expect(nextDelay(after(1_000_000), { ...rules, retries: 1_000_000 }, () => 1)).to.equal(30_000)
  })

  it('makes none for what is not retryable', () => {
    expect(nextDelay(after(1, { error: answered(400) }), rules)).to.equal(undefined)
    expect(nextDelay(after(1, { error: undefined }), rules)).to.equal(undefined)
  })

  it('makes none when the budget is used up, and one while it is not', () => {
    expect(nextDelay(after(1, { budget: 0 }), rules)).to.equal(undefined)
    expect(nextDelay(after(1, { budget: -1 }), rules)).to.equal(undefined)
    expect(nextDelay(after(1, { budget: 1 }), rules)).to.be.a('number')
  })

  it('E77 never shortens what the server asks for, and only adds jitter to it', () => {
    const error = answered(503, { 'retry-after': '60' })
    expect(delays(after(1, { error }))).to.deep.equal([60_000, 60_250, 60_500])
  })

  it('waits for the backoff where the server asks for less', () => {
    const error = answered(503, { 'retry-after': '0' })
    expect(delays(after(1, { error }))).to.deep.equal([125, 313, 500])
  })

  it('makes none that would begin later than maxElapsed after the first failure', () => {
    const of = { ...rules, maxElapsed: 1_000 }
    expect(nextDelay(after(1), of, () => 1, 500)).to.equal(500)
    expect(nextDelay(after(1), of, () => 1, 501)).to.equal(undefined)
    expect(nextDelay(after(1, { failedAt: 501 }), of, () => 1, 501)).to.equal(500)
  })

  it('is never less than a quarter of the bound, and never zero, whatever the random number', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempts, minDelay, maxDelay, random) => {
          const delay = nextDelay(after(attempts), { retries: 100, minDelay, maxDelay }, () => random)!
          const bound = Math.min(maxDelay, minDelay * 2 ** (attempts - 1))
          return Number.isInteger(delay) && delay >= 1 && delay >= bound / 4 && delay <= Math.ceil(bound)
        }
      )
    )
  })

  it('counts no attempt that does not count', () => {
    const error = new DeliveryError('SPW_ERR_NETWORK', 'x', {
      phase: 'not-sent',
      retryable: true,
      countsAsAttempt: false
    })
    expect(delays(after(0, { error }))).to.deep.equal([125, 313, 500])
  })
})
