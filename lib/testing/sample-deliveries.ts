import { Delivery, type DeliveryInit } from '../delivery.ts'
import type { Snapshot } from '../delivery/snapshot.ts'
import { DeliveryError, type DeliveryErrorInfo } from '../errors.ts'

const request = { method: 'PUT', url: 'https://example.com/events?a=1', headers: { 'x-source': 'contract' } }

/** A delivery of these records that was attempted once, as it reaches a storage. */
export function failedDelivery(
  records: readonly Snapshot[],
  init: DeliveryInit = {},
  info: Partial<DeliveryErrorInfo> = {}
): Delivery {
  const error = new DeliveryError('SPW_ERR_STATUS', 'The endpoint answered 503.', {
    phase: 'answered',
    retryable: true,
    status: 503,
    ...info
  })
  return new Delivery(records, { ...request, ...init }).failed(error)
}

/** So many deliveries of one record each, `name 0`, `name 1` and so on. */
export function failedDeliveries(count: number, name = 'record'): Delivery[] {
  return Array.from({ length: count }, (_, i) => failedDelivery([`${name} ${i}`]))
}

/** The same delivery after it was read, given in again and failed again. */
export function storedAgain({ id, records, version }: Delivery): Delivery {
  return failedDelivery(records, { id, version: version + 1, priorAttempts: 1 })
}
