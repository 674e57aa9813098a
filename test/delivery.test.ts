import { inspect } from 'node:util'
import { expect } from 'chai'
import { Account } from '../lib/account.ts'
import { Delivery } from '../lib/delivery.ts'
import type { Outcome } from '../lib/delivery/settlement.ts'
import { shutDown } from '../lib/http/failure.ts'
import { httpSettings } from '../lib/http/options.ts'
import { Requests } from '../lib/http/requests.ts'
import { answered } from './support/manual-sender.ts'

/** What a delivery was settled as, as it happens. */
function watched(delivery: Delivery): Outcome[] {
  const outcomes: Outcome[] = []
  delivery.onSettled(outcome => void outcomes.push(outcome))
  return outcomes
}

function entered(delivery: Delivery): Account {
  const account = new Account()
  account.accept('waiting', delivery.records.length)
  delivery.enter(account, undefined, 'waiting')
  return account
}

describe('Delivery', () => {
  it('is a POST of JSON with an id of its own', () => {
    const [a, b] = [new Delivery(['{"a":1}']), new Delivery(['2', '3'])]
    expect(a.request).to.deep.equal({ method: 'POST', url: '', headers: {}, body: '{"a":1}' })
    expect(b.request.body).to.equal('[2,3]')
    expect(a.id)
      .to.match(/^[\w-]+$/)
      .and.not.equal(b.id)
  })

  it('takes its URL as a text or as a URL', () => {
    const { request } = new Delivery(['1'], { url: new URL('http://h/a') })
    expect(request.url).to.equal('http://h/a')
  })

  it('knows the bytes of its records', () => {
    expect(new Delivery(['äö', Buffer.from([1, 2, 3])]).bytes).to.equal(7)
  })

  it('joins the body once', () => {
    const delivery = new Delivery(['1', '2'])
    expect(delivery.body).to.equal(delivery.body)
    expect(delivery.request.body).to.equal(delivery.body)
  })

  it('does not show headers whose values are made at the attempt', () => {
    const target = { ...new Delivery(['1']).target, headers: { a: 'b', authorization: () => 'secret' } }
    expect(new Delivery(['1'], {}, target).request.headers).to.deep.equal({ a: 'b' })
  })

  it('C08 shows neither records nor headers when it is inspected', () => {
    const delivery = new Delivery(['hunter2'], { url: 'http://h/', headers: { authorization: 'hunter2' } })
    const shown = inspect(delivery.failed(answered(503)), { depth: 9, showHidden: true })
    expect(shown).to.contain('POST http://h/').and.contain('SPW_ERR_STATUS').and.not.contain('hunter2')
  })

  it('C08 shows no more as JSON than when it is inspected', () => {
    const url = 'http://user:hunter2@h/x?token=hunter2'
    const { target } = new Requests(httpSettings({ url, headers: { 'x-key': 'hunter2' } })).admit('hunter2')
    const delivery = new Delivery(['"hunter2"', '2'], { id: 'a' }, target)
    const shown = { id: 'a', method: 'POST', url: 'http://h/x?token=***', records: 2 }
    expect(JSON.parse(JSON.stringify(delivery))).to.deep.equal({ ...shown, attempts: 0 })
    const failed = { ...shown, attempts: 1, error: 'SPW_ERR_STATUS' }
    expect(JSON.parse(JSON.stringify([delivery.failed(answered(503))]))).to.deep.equal([failed])
  })

  describe('after a failed attempt', () => {
    it('is another one that stands for the same', () => {
      const first = new Delivery(['1', '2'], { id: 'x', version: 3, acceptedAt: 5, priorAttempts: 7 })
      const failed = first.failed(answered(503))
      expect(failed).to.not.equal(first)
      expect(failed).to.include({ id: 'x', version: 3, acceptedAt: 5, priorAttempts: 7, attempts: 1, totalAttempts: 8 })
      expect(first).to.include({ attempts: 0, error: undefined })
      expect(failed.records).to.equal(first.records)
    })

    it('remembers the first error and has the last one', () => {
      const failed = new Delivery(['1']).failed(answered(503)).failed(answered(500))
      expect(failed.firstError).to.deep.equal({ code: 'SPW_ERR_STATUS', phase: 'answered', status: 503 })
      expect(failed.error?.status).to.equal(500)
    })

    it('keeps the first error of an earlier life', () => {
      const firstError = { code: 'SPW_ERR_TIMEOUT', phase: 'maybe-sent' }
      expect(new Delivery(['1'], { firstError }).failed(answered(503)).firstError).to.equal(firstError)
    })

    it('does not count an attempt that does not count', () => {
      expect(new Delivery(['1']).failed(shutDown(false)).attempts).to.equal(0)
      expect(new Delivery(['1']).failed(shutDown(true)).attempts).to.equal(1)
    })

    it('has a budget that only ever shrinks', () => {
      let delivery = new Delivery(['1'])
      const left = [503, 401, 503, 404, 401, 503].map(status => (delivery = delivery.failed(answered(status))).budget)
      expect(left).to.deep.equal([undefined, 2, 1, 0, -1, -2])
    })

    it('remembers when the first attempt failed', async () => {
      const failed = new Delivery(['1']).failed(answered(503))
      await new Promise(resolve => setTimeout(resolve, 5))
      expect(failed.failed(answered(503)).failedAt).to.equal(failed.failedAt)
    })
  })

  it('with other headers is another one that keeps the key', () => {
    const first = new Delivery(['1'], { headers: { a: '1' } })
    const signed = first.withHeaders({ 'X-Signature': 's', A: '2' })
    expect(signed.request.headers).to.deep.equal({ a: '2', 'x-signature': 's' })
    expect(signed.id).to.equal(first.id)
    expect(first.request.headers).to.deep.equal({ a: '1' })
  })

  describe('when it is settled', () => {
    it('tells each hook once, and moves in the account once', () => {
      const delivery = new Delivery(['1', '2'])
      const account = entered(delivery)
      const outcomes = watched(delivery)
      void delivery.settle('delivered')
      void delivery.settle('abandoned')
      expect(outcomes).to.deep.equal(['delivered'])
      expect(account.stats()).to.include({ waiting: 0, delivered: 2, abandoned: 0 })
    })

    it('moves in the account once without a hook too', () => {
      const delivery = new Delivery(['1'])
      const account = entered(delivery)
      void delivery.settle('stored')
      void delivery.settle('delivered')
      expect(account.stats()).to.include({ stored: 1, delivered: 0 })
    })

    it('tells hooks of all that it was before', () => {
      const first = new Delivery(['1'])
      const before = watched(first)
      const failed = first.failed(answered(503))
      const between = watched(first)
      const signed = failed.withHeaders({ a: 'b' })
      const after = watched(signed)
      void signed.settle('stored')
      expect([before, between, after]).to.deep.equal([['stored'], ['stored'], ['stored']])
    })

    it('tells a hook that comes later at once, whichever of all that it was is settled', () => {
      const first = new Delivery(['1', '2'])
      const failed = first.failed(answered(503))
      const given = failed.givenIn(failed.target)
      void given.settle('stored')
      expect([first, failed, given].map(watched)).to.deep.equal([['stored'], ['stored'], ['stored']])
    })

    it("tells a hook at once that comes while another is awaited, its own or a member's", async () => {
      const member = new Delivery(['1'])
      const whole = new Delivery(['1'], { members: [{ delivery: member, start: 0 }] })
      let release = (): void => {}
      member.onSettled(() => new Promise(resolve => (release = resolve)))
      const settled = whole.settle('delivered')
      const late = [member, whole].map(watched)
      release()
      await settled
      expect(late).to.deep.equal([['delivered'], ['delivered']])
    })

    it('tells a hook at once of a whole whose halves are settled', () => {
      const whole = new Delivery(['1', '2'])
      const [first, second] = whole.split()
      void first.settle('stored')
      const before = watched(whole)
      expect(before).to.deep.equal([])
      void second.settle('delivered')
      expect([before, watched(whole)]).to.deep.equal([['stored'], ['stored']])
      const other = new Delivery(['1', '2'])
      for (const half of other.split()) void half.settle('delivered')
      expect(watched(other)).to.deep.equal(['delivered'])
    })

    it('counts where it was until the hooks have come back', async () => {
      let release = (): void => {}
      const delivery = new Delivery(['1']).onSettled(() => new Promise(resolve => (release = resolve)))
      const account = entered(delivery)
      const settled = delivery.settle('delivered')
      expect(account.stats()).to.include({ waiting: 1, delivered: 0 })
      release()
      await settled
      expect(account.stats()).to.include({ waiting: 0, delivered: 1 })
    })

    it('rejects when a hook fails, thrown or rejected, and stays where it was', async () => {
      const hooks = [
        () => {
          throw new Error('mine')
        },
        () => Promise.reject(new Error('mine'))
      ]
      for (const hook of hooks) {
        const delivery = new Delivery(['1']).onSettled(hook)
        const account = entered(delivery)
        const failure = await Promise.resolve(delivery.settle('stored')).catch((error: unknown) => error)
        expect(failure).to.be.an('error').with.property('message', 'mine')
        expect(account.stats()).to.include({ waiting: 1, stored: 0 })
      }
    })

    it('counts refused and ambiguous within stored', () => {
      const refused = new Delivery(['1', '2']).failed(answered(400))
      const ambiguous = new Delivery(['1']).failed(shutDown(true))
      const accounts = [refused, ambiguous].map(entered)
      void refused.settle('stored')
      void ambiguous.settle('stored')
      expect(accounts[0]!.stats()).to.include({ stored: 2, refused: 2, ambiguous: 0 })
      expect(accounts[1]!.stats()).to.include({ stored: 1, refused: 0, ambiguous: 1 })
    })
  })

  describe('frozen', () => {
    const table: Array<[string, Delivery, boolean]> = [
      ['a new one', new Delivery(['1']), false],
      ['one that was shut down before an attempt', new Delivery(['1']).failed(shutDown(false)), false],
      ['one that was attempted', new Delivery(['1']).failed(answered(503)), true],
      ['one that was attempted in an earlier life', new Delivery(['1'], { priorAttempts: 1 }), true],
      ['one that was stored', new Delivery(['1'], { version: 1 }), true]
    ]
    for (const [name, delivery, frozen] of table) {
      it(`is ${frozen} of ${name}`, () => {
        expect(delivery.frozen).to.equal(frozen)
      })
    }

    it('stays true when it is given in again', () => {
      const failed = new Delivery(['1']).failed(answered(503))
      const given = failed.givenIn(failed.target)
      expect(given).to.include({ attempts: 0, priorAttempts: 1, error: undefined, frozen: true, id: failed.id })
    })
  })
})
