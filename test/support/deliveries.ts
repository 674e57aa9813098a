import { Delivery, type DeliveryInit } from '../../lib/delivery.ts'
import type { Snapshot } from '../../lib/delivery/snapshot.ts'
import { DeliveryError, type DeliveryErrorInfo } from '../../lib/errors.ts'
import { recordsOf } from '../../lib/storage/envelope.ts'
import type { Entry, ReadOptions, Storage } from '../../lib/storage/storage.ts'

/** A delivery as a `FailoverWritable` gets it: attempted once, answered 503. */
export function failedDelivery(
  records: readonly Snapshot[],
  init: DeliveryInit = {},
  info: Partial<DeliveryErrorInfo> = {}
): Delivery {
  const error = new DeliveryError('SPW_ERR_STATUS', '503', { phase: 'answered', retryable: true, status: 503, ...info })
  return new Delivery(records, init).failed(error)
}

/** So many of one record each: `name 0`, `name 1` and so on, filled up to `bytes`. */
export function failedDeliveries(count: number, name = 'record', bytes = 0): Delivery[] {
  const { error } = failedDelivery([])
  return Array.from({ length: count }, (_, i) => new Delivery([`${name} ${i}`.padEnd(bytes)]).failed(error!))
}

/** The delivery of an entry that was given in again and failed again. */
export function failedAgain({ id, version, records }: Delivery): Delivery {
  return failedDelivery(records, { id, version: version + 1, priorAttempts: 1 })
}

export async function entriesIn(storage: Storage, options?: ReadOptions): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of storage.read(options)) entries.push(entry)
  return entries
}

/** The first record of every entry, without what fills it up. */
export async function textsIn(storage: Storage, options?: ReadOptions): Promise<string[]> {
  return (await entriesIn(storage, options)).map(({ envelope }) => String(recordsOf(envelope)[0]).trimEnd())
}

export const idsOf = (items: ReadonlyArray<{ readonly id: string }>): string[] => items.map(({ id }) => id)
