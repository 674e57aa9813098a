import { Delivery } from '../delivery.ts'
import { gathered, type Outcome } from '../delivery/settlement.ts'
import { recordsOf } from '../storage/envelope.ts'
import type { Entry } from '../storage/storage.ts'

/**
 * The deliveries of an entry that an earlier process left. They may travel in batches anew; an entry of more records than a
 * request may have now is cut. `settled` is called once, when all are settled, with the worst outcome.
 */
export function piecesFor(
  { id, envelope }: Entry,
  batchSize: number,
  settled: (outcome: Outcome, records: number) => Promise<void> | undefined
): Delivery[] {
  const { method, url, headers, acceptedAt } = envelope
  const records = recordsOf(envelope)
  const parts = Math.ceil(records.length / batchSize)
  const one = gathered(parts, outcome => settled(outcome, records.length))
  return Array.from({ length: parts }, (_, part) => {
    const init = { id: parts === 1 ? id : `${id}~${part}`, method, url, headers, acceptedAt }
    return new Delivery(records.slice(part * batchSize, (part + 1) * batchSize), init).onSettled(one)
  })
}
