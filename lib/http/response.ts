import { DeliveryError } from '../errors.ts'
import { retryAfter } from './retry-after.ts'
import { type StatusSet, statusSet } from './status-set.ts'

/** What decides about an answer beside the table: the options of `HttpWritable`, parsed. */
export interface VerdictRules {
  readonly success: (status: number) => boolean
  readonly refuseOn: ((status: number) => boolean) | undefined
  readonly retryOn: ((status: number) => boolean) | undefined
  /** Milliseconds; what asks for longer is stored. */
  readonly maxRetryAfter: number
}

/** Reads the options. Throws `SPW_ERR_OPTIONS` for a set of statuses that is none. */
export function verdictRules(options: {
  successCode: StatusSet
  retryOn?: StatusSet
  refuseOn?: StatusSet
  maxRetryAfter: number
}): VerdictRules {
  const { successCode, retryOn, refuseOn, maxRetryAfter } = options
  return {
    success: statusSet('http/successCode', successCode),
    retryOn: retryOn === undefined ? undefined : statusSet('http/retryOn', retryOn),
    refuseOn: refuseOn === undefined ? undefined : statusSet('http/refuseOn', refuseOn),
    maxRetryAfter
  }
}

/** Why a complete answer is a failure; `undefined` when it is a success. The table of ARCHITECTURE.md, row by row. */
export function verdict(
  status: number,
  headers: Readonly<Record<string, unknown>>,
  records: number,
  { success, refuseOn, retryOn, maxRetryAfter }: VerdictRules,
  now = Date.now
): DeliveryError | undefined {
  if (success(status)) return undefined
  if (refuseOn?.(status)) return refused(status)
  if (!retryOn?.(status)) {
    if (records > 1 && (status === 413 || status === 400 || status === 422)) return refused(status, true)
    if (status === 401 || status === 403 || status === 407) return retryable(status, { budget: 2 })
    if (status === 404) return retryable(status, { budget: 1 })
    if (!retriedByDefault(status)) return refused(status)
  }
  const wait = status === 429 || status === 503 ? retryAfter(headers['retry-after'], now()) : undefined
  if (wait === undefined || wait <= maxRetryAfter) return retryable(status, { retryAfter: wait })
  return new DeliveryError('SPW_ERR_STATUS', `The endpoint answered ${status} and asks to wait for ${wait} ms.`, {
    ...answered(status),
    retryable: false,
    outcome: 'exhausted',
    retryAfter: maxRetryAfter,
    notBefore: now() + wait
  })
}

function retriedByDefault(status: number): boolean {
  if (status >= 500) return status !== 501 && status !== 505
  return status === 408 || status === 421 || status === 423 || status === 424 || status === 425 || status === 429
}

const answered = (status: number) => ({ phase: 'answered', status }) as const

function retryable(status: number, info: { budget?: number; retryAfter?: number | undefined }): DeliveryError {
  return new DeliveryError('SPW_ERR_STATUS', `The endpoint answered ${status}.`, {
    ...answered(status),
    retryable: true,
    ...info
  })
}

function refused(status: number, splittable = false): DeliveryError {
  return new DeliveryError('SPW_ERR_STATUS', `The endpoint answered ${status}: it does not take this.`, {
    ...answered(status),
    retryable: false,
    splittable
  })
}
