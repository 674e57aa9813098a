import type { DeliveryError } from '../errors.ts'

/** What is remembered of an error once its delivery is stored: nothing that could hold a secret. */
export interface ErrorSummary {
  readonly code: string
  readonly phase: string
  readonly status?: number
  /** The code of what caused it, `ECONNREFUSED` say. */
  readonly reason?: string
}

export function summaryOf(error: DeliveryError): ErrorSummary {
  const { code, phase, status } = error
  const summary = status === undefined ? { code, phase } : { code, phase, status }
  const reason = reasonOf(error.cause)
  return reason === undefined ? summary : { ...summary, reason }
}

// Only what looks like a code: a message may quote anything.
function reasonOf(cause: unknown): string | undefined {
  if (cause === undefined || cause === null) return undefined
  const { code, name } = cause as { code?: unknown; name?: unknown }
  return [code, name].find(
    (word): word is string => typeof word === 'string' && /^[A-Za-z][A-Za-z0-9_]{1,60}$/.test(word)
  )
}
