import { expect } from 'chai'
import { Delivery, type Member } from '../../lib/delivery.ts'
import type { Outcome } from '../../lib/delivery/settlement.ts'
import { answered } from '../support/manual-sender.ts'

const records = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i))

interface Watched {
  readonly delivery: Delivery
  readonly outcomes: Outcome[]
}

function watched(delivery: Delivery): Watched {
  const outcomes: Outcome[] = []
  delivery.onSettled(outcome => void outcomes.push(outcome))
  return { delivery, outcomes }
}

/** A batch of members with so many records each. */
function batchOf(...sizes: number[]): { batch: Delivery; members: Watched[] } {
  const members = sizes.map(size => watched(new Delivery(records(size))))
  let start = 0
  const placed = members.map(({ delivery }): Member => {
    start += delivery.records.length
    return { delivery, start: start - delivery.records.length }
  })
  return { batch: new Delivery(records(start), { id: 'x', members: placed }), members }
}

describe('split', () => {
  it('halves, the first half being the larger, under keys of their own', () => {
    const [first, second] = new Delivery(records(5), { id: 'x' }).split()
    expect([first.id, second.id]).to.deep.equal(['x.0', 'x.1'])
    expect([first.records, second.records]).to.deep.equal([records(3), ['3', '4']])
    expect(first.split().map(({ id }) => id)).to.deep.equal(['x.0.0', 'x.0.1'])
  })

  it('gives the parts bodies and bytes of their own', () => {
    const whole = new Delivery(['11', '2', '333'])
    expect(whole.body).to.equal('[11,2,333]')
    const [first, second] = whole.split()
    expect([first.body, second.body]).to.deep.equal(['[11,2]', '333'])
    expect([first.bytes, second.bytes]).to.deep.equal([3, 3])
  })

  it('hands down budget, version, age, errors and the attempts before, not the one that asked for the split', () => {
    const whole = new Delivery(records(2), { version: 2, acceptedAt: 5, priorAttempts: 4 })
    const [first, second] = whole
      .failed(answered(404))
      .failed(answered(413, {}, 2))
      .split()
    for (const part of [first, second]) {
      expect(part).to.include({ attempts: 1, version: 2, acceptedAt: 5, priorAttempts: 4, budget: 0 })
      expect(part.error?.status).to.equal(413)
      expect(part.firstError?.status).to.equal(404)
    }
  })

  const table: Array<[Outcome, Outcome, Outcome]> = [
    ['delivered', 'delivered', 'delivered'],
    ['delivered', 'stored', 'stored'],
    ['stored', 'abandoned', 'abandoned'],
    ['abandoned', 'delivered', 'abandoned']
  ]
  for (const [one, other, all] of table) {
    it(`settles the whole as ${all} when its halves are ${one} and ${other}`, async () => {
      const { delivery, outcomes } = watched(new Delivery(records(2)))
      const [first, second] = delivery.split()
      await second.settle(one)
      expect(outcomes).to.deep.equal([])
      await first.settle(other)
      expect(outcomes).to.deep.equal([all])
    })
  }

  it('settles the whole after splits of splits', async () => {
    const { delivery, outcomes } = watched(new Delivery(records(4)))
    const quarters = delivery.split().flatMap(half => half.split())
    for (const [i, quarter] of quarters.entries()) {
      expect(outcomes).to.deep.equal([])
      await quarter.failed(answered(503)).settle(i === 1 ? 'stored' : 'delivered')
    }
    expect(outcomes).to.deep.equal(['stored'])
  })

  it('settles each member by the outcome of the part that it went in', async () => {
    const { batch, members } = batchOf(1, 1, 2)
    const [first, second] = batch.split()
    await first.settle('delivered')
    expect(members.map(({ outcomes }) => outcomes)).to.deep.equal([['delivered'], ['delivered'], []])
    await second.settle('stored')
    expect(members[2]!.outcomes).to.deep.equal(['stored'])
  })

  it('settles a member that was cut by the worse of its parts, when both are known', async () => {
    const { batch, members } = batchOf(1, 2, 1)
    const [first, second] = batch.split()
    await first.settle('stored')
    expect(members.map(({ outcomes }) => outcomes)).to.deep.equal([['stored'], [], []])
    await second.settle('delivered')
    expect(members.map(({ outcomes }) => outcomes)).to.deep.equal([['stored'], ['stored'], ['delivered']])
  })

  it('settles a member that was cut by its own parts alone, not by what else went with them', async () => {
    const { batch, members } = batchOf(1, 2, 1)
    const [first, second] = batch.split()
    // The first record alone is refused; both parts of the member behind it are delivered.
    const [alone, part] = first.split()
    await alone.settle('stored')
    await part.settle('delivered')
    await second.settle('delivered')
    expect(members.map(({ outcomes }) => outcomes)).to.deep.equal([['stored'], ['delivered'], ['delivered']])
  })

  it('settles a member that was cut again and again once, when all is known', async () => {
    const { batch, members } = batchOf(7, 1)
    const parts = batch.split().flatMap(half => half.split().flatMap(quarter => quarter.split()))
    for (const [i, part] of parts.entries()) {
      expect(members[0]!.outcomes).to.have.length(i < 7 ? 0 : 1)
      await part.settle(i === 3 ? 'stored' : 'delivered')
    }
    expect(members.map(({ outcomes }) => outcomes)).to.deep.equal([['stored'], ['delivered']])
  })

  it('waits for the hooks of the whole and of its members', async () => {
    const { batch, members } = batchOf(2)
    let release = (): void => {}
    members[0]!.delivery.onSettled(() => new Promise(resolve => (release = resolve)))
    const [first, second] = batch.split()
    await first.settle('delivered')
    let over = false
    const settled = Promise.resolve(second.settle('delivered')).then(() => (over = true))
    await new Promise(resolve => setImmediate(resolve))
    expect(over).to.equal(false)
    release()
    await settled
  })
})
