import { expect } from 'chai'
import type { Stats } from '../../lib/account.ts'

/** The law of conservation, at any instant. */
export function expectLaw(stats: Stats): void {
  const { waiting, inFlight, retrying, storing, delivered, stored, abandoned, handedBack } = stats
  const known = waiting + inFlight + retrying + storing + delivered + stored + abandoned + handedBack
  expect(known, JSON.stringify(stats)).to.equal(stats.accepted)
  for (const [name, count] of Object.entries(stats))
    expect(count, `${name} of ${JSON.stringify(stats)}`).to.be.at.least(0)
  expect(stats.refused + stats.ambiguous, JSON.stringify(stats)).to.be.at.most(stats.stored)
}

/** The law at the end: nothing is on its way any more. */
export function expectOver(stats: Stats): void {
  expectLaw(stats)
  expect(stats).to.include({ waiting: 0, inFlight: 0, retrying: 0, storing: 0 })
}
