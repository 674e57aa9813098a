import type { Delivery } from '../delivery.ts'

/** When to try again: the options of `RetryTransform`. */
export interface DelayRules {
  /** Attempts after the first. */
  readonly retries: number
  /** Milliseconds. */
  readonly minDelay: number
  /** Milliseconds. */
  readonly maxDelay: number
  /** Milliseconds since the first attempt failed. */
  readonly maxElapsed?: number | undefined
}

/**
 * Milliseconds until the next attempt of a delivery that failed, or `undefined` when there should be none. Exponential with
 * full jitter over a floor that is not zero; what the server asked for is never shortened, jitter is only added to it.
 */
export function nextDelay(
  { attempts, budget, error, failedAt }: Pick<Delivery, 'attempts' | 'budget' | 'error' | 'failedAt'>,
  { retries, minDelay, maxDelay, maxElapsed }: DelayRules,
  random = Math.random,
  now = performance.now()
): number | undefined {
  if (error?.retryable !== true || attempts > retries) return undefined
  if (budget !== undefined && budget <= 0) return undefined
  const bound = Math.min(maxDelay, minDelay * 2 ** Math.min(Math.max(attempts - 1, 0), 31))
  const floor = bound / 4
  const backoff = floor + random() * (bound - floor)
  // Whoever was told the same time must not come back at the same instant.
  const asked =
    error.retryAfter === undefined ? 0 : error.retryAfter + random() * Math.min(bound, error.retryAfter / 10)
  const delay = Math.ceil(Math.max(backoff, asked))
  const elapsed = failedAt === undefined ? 0 : now - failedAt
  return maxElapsed !== undefined && elapsed + delay > maxElapsed ? undefined : delay
}
