import { expect } from 'chai'
import type { Stats } from '../../lib/account.ts'

/** How the law of conservation, which holds at any instant, is broken; `undefined` when it is not. */
export function breachOfLaw(stats: Stats): string | undefined {
  const { waiting, inFlight, retrying, storing, delivered, stored, abandoned, handedBack } = stats
  const known = waiting + inFlight + retrying + storing + delivered + stored + abandoned + handedBack
  if (known !== stats.accepted) return `${known} of ${stats.accepted} are known of: ${JSON.stringify(stats)}`
  if (Object.values(stats).some(count => !(count >= 0))) return `a count is below 0: ${JSON.stringify(stats)}`
  if (stats.refused + stats.ambiguous > stats.stored) return `more than what is stored: ${JSON.stringify(stats)}`
  return undefined
}

export function expectLaw(stats: Stats): void {
  expect(breachOfLaw(stats)).to.equal(undefined)
}

/** The law at the end: nothing is on its way any more. */
export function expectOver(stats: Stats): void {
  expectLaw(stats)
  expect(stats).to.include({ waiting: 0, inFlight: 0, retrying: 0, storing: 0 })
}
