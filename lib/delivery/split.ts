import type { Delivery, Member } from '../delivery.ts'
import { gathered, Settlement } from './settlement.ts'

/**
 * The two halves of a batch, under keys of their own: the key of the whole with another body would be wrong. The whole is
 * settled when both halves are, and so is a member that was cut; a member that went into one half as a whole goes by that
 * half's outcome.
 */
export function halvesOf(whole: Delivery): [Delivery, Delivery] {
  const middle = Math.ceil(whole.records.length / 2)
  const first = part(whole, 0, whole.records.slice(0, middle))
  const second = part(whole, 1, whole.records.slice(middle))
  const both = gathered(2, outcome => whole.settlement?.settle(outcome))
  first.onSettled(both)
  second.onSettled(both)
  return whole.members.length === 0 ? [first, second] : withMembers(whole.members, middle, first, second)
}

function part(whole: Delivery, index: number, records: Delivery['records']): Delivery {
  return whole.next({ id: `${whole.id}.${index}`, records, members: [], settlement: new Settlement() })
}

function withMembers(
  members: readonly Member[],
  middle: number,
  first: Delivery,
  second: Delivery
): [Delivery, Delivery] {
  const inFirst: Member[] = []
  const inSecond: Member[] = []
  for (const { delivery, start } of members) {
    if (start + delivery.records.length <= middle) inFirst.push({ delivery, start })
    else if (start >= middle) inSecond.push({ delivery, start: start - middle })
    else {
      const cut = gathered(2, outcome => delivery.settle(outcome))
      first.onSettled(cut)
      second.onSettled(cut)
    }
  }
  return [first.next({ members: inFirst }), second.next({ members: inSecond })]
}
