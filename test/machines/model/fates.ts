import type { StoredOutcome } from '../../../lib/errors.ts'
import { failureOf, type Semantics } from '../../../lib/http/failure.ts'
import { answered } from '../../support/manual-sender.ts'

/** What an endpoint may do with a request, by name. */
export const fateNames = [
  'ok',
  'busy',
  'broken',
  'held',
  'heldLong',
  'lost',
  'denied',
  'refused',
  'reset',
  'thrown'
] as const

export type FateName = (typeof fateNames)[number] | 'tooLarge' | 'timeout' | 'cutOff'

/** What the table of ARCHITECTURE.md says of it. */
export interface Fate {
  readonly retried: boolean
  /** Later attempts at most. */
  readonly budget?: number
  readonly outcome: StoredOutcome
  /** Milliseconds in which the endpoint is left alone. */
  readonly hold?: number
  readonly splits?: boolean
  readonly isAttempt?: boolean
}

/** How long `held` asks for; `heldLong` asks for more than `maxRetryAfter`. In seconds. */
const asked = 2
const askedLong = 1_000

export function fateOf(name: FateName, semantics: Semantics): Fate | undefined {
  const uncertain: Fate =
    semantics === 'at-most-once' ? { retried: false, outcome: 'ambiguous' } : { retried: true, outcome: 'exhausted' }
  const fates: Record<FateName, Fate | undefined> = {
    ok: undefined,
    busy: { retried: true, outcome: 'exhausted' },
    broken: { retried: true, outcome: 'exhausted' },
    held: { retried: true, outcome: 'exhausted', hold: asked * 1_000 },
    heldLong: { retried: false, outcome: 'exhausted', hold: 300_000 },
    lost: { retried: true, budget: 1, outcome: 'exhausted' },
    denied: { retried: true, budget: 2, outcome: 'exhausted' },
    refused: { retried: false, outcome: 'refused' },
    tooLarge: { retried: false, outcome: 'refused', splits: true },
    reset: uncertain,
    timeout: uncertain,
    cutOff: { retried: false, outcome: 'ambiguous' },
    thrown: { retried: false, outcome: 'refused', isAttempt: false }
  }
  return fates[name]
}

/** What a Sender rejects with for it. */
export function errorOf(name: FateName, records: number, semantics: Semantics): Error | undefined {
  if (name === 'ok') return undefined
  if (name === 'thrown') return new TypeError('of the Sender')
  if (name === 'reset') return failureOf(Object.assign(new Error('reset'), { code: 'ECONNRESET' }), true, semantics)
  const statuses: Partial<Record<FateName, number>> = {
    busy: 503,
    broken: 500,
    held: 429,
    heldLong: 503,
    lost: 404,
    denied: 401,
    refused: 409,
    tooLarge: 413
  }
  const seconds = name === 'held' ? asked : askedLong
  const headers: Record<string, string> = name.startsWith('held') ? { 'retry-after': String(seconds) } : {}
  return answered(statuses[name]!, headers, records)
}
