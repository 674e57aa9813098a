import type { Delivery, Member } from '../delivery.ts'
import { gathered, Settlement } from './settlement.ts'

/**
 * The two halves of a batch, under keys of their own: the key of the whole with another body would be wrong. The whole is
 * settled when both halves are; a member goes by the outcome of the parts that its own records went in.
 */
export function halvesOf(whole: Delivery): [Delivery, Delivery] {
  const { records } = whole
  const middle = Math.ceil(records.length / 2)
  const first = part(whole, 0, records.slice(0, middle))
  const second = part(whole, 1, records.slice(middle))
  const settlement = whole.sharedSettlement()
  const both = gathered(2, outcome => settlement.settle(outcome))
  first.onSettled(both)
  second.onSettled(both)
  return whole.members.length === 0 ? [first, second] : withMembers(whole.members, middle, first, second)
}

function part(whole: Delivery, index: number, records: Delivery['records']): Delivery {
  // The attempt that showed that the whole is too large is none of the part's: it does not count in `retries`.
  const asked = whole.error?.splittable === true && whole.error.countsAsAttempt ? 1 : 0
  const attempts = whole.attempts - asked
  return whole.next({ id: `${whole.id}.${index}`, records, members: [], settlement: new Settlement(), attempts })
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
    if (start + delivery.count <= middle) inFirst.push({ delivery, start })
    else if (start >= middle) inSecond.push({ delivery, start: start - middle })
    else {
      const [head, tail] = piecesOf(delivery, middle - start)
      inFirst.push({ delivery: head, start })
      inSecond.push({ delivery: tail, start: 0 })
    }
  }
  return [first.next({ members: inFirst }), second.next({ members: inSecond })]
}

/** A member that is cut: its pieces are members of the halves, so that each can be cut again. */
function piecesOf(member: Delivery, middle: number): [Delivery, Delivery] {
  const cut = gathered(2, outcome => member.settle(outcome))
  const piece = (records: Delivery['records']): Delivery =>
    member.next({ records, members: [], settlement: new Settlement() }).onSettled(cut)
  return [piece(member.records.slice(0, middle)), piece(member.records.slice(middle))]
}
