import { Delivery } from '../delivery.ts'
import type { ErrorSummary } from '../delivery/error-summary.ts'
import { DeliveryError, type DeliveryErrorCode, type Phase } from '../errors.ts'
import { plainTarget } from '../http/target.ts'
import { type Envelope, recordsOf } from './envelope.ts'

/** The delivery that was stored as this envelope: appended to a storage it makes the same one, of the next version. */
export function restoredDelivery(envelope: Envelope): Delivery {
  const { id, version, acceptedAt, method, url, headers, attempts, firstError } = envelope
  const init = { id, version, acceptedAt, priorAttempts: attempts, firstError, error: errorOf(envelope) }
  // Without a format: its content type is left out of what is stored.
  return new Delivery(recordsOf(envelope), init, { ...plainTarget({ method, url, headers }), format: undefined })
}

function errorOf({ lastError, outcome, notBefore }: Envelope): DeliveryError | undefined {
  if (lastError === undefined && outcome === 'shutdown') return undefined
  const { code, phase, status, reason }: ErrorSummary = lastError ?? { code: 'SPW_ERR_SHUTDOWN', phase: 'not-sent' }
  return new DeliveryError(code as DeliveryErrorCode, 'It failed before it was stored.', {
    phase: phase as Phase,
    retryable: outcome !== 'refused',
    outcome,
    status,
    notBefore,
    ...(reason === undefined ? {} : { cause: { code: reason } })
  })
}
