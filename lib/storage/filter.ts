import { types } from 'node:util'
import { OptionsError, type StoredOutcome } from '../errors.ts'
import { shown } from '../options.ts'
import type { Envelope } from './envelope.ts'

/** Which stored deliveries are meant. Every part that is given must match; a list matches when one of its values does. */
export interface Filter {
  /** Accepted at this time or later: a `Date`, or what `new Date()` reads. */
  since?: Date | string | number
  /** Accepted before this time. */
  until?: Date | string | number
  /** The status of the last answer. */
  status?: number | readonly number[]
  /** The code of the last error. */
  code?: string | readonly string[]
  /** What it was stored as. */
  outcome?: StoredOutcome | readonly StoredOutcome[]
}

const time = { anyOf: [{ type: 'string' }, { type: 'number' }, { typeof: 'object' }] }
const listOf = (item: object) => ({ anyOf: [item, { type: 'array', items: item, minItems: 1 }] })

export const filterSchema = {
  type: 'object',
  properties: {
    since: time,
    until: time,
    status: listOf({ type: 'integer', minimum: 100, maximum: 999 }),
    code: listOf({ type: 'string', pattern: '^SPW_ERR_[A-Z_]+$', form: 'a code as SPW_ERR_TIMEOUT is' }),
    outcome: listOf({ enum: ['exhausted', 'ambiguous', 'refused', 'shutdown'] })
  },
  additionalProperties: false
} as const

/** `filter` as a function, its times read once. Throws `SPW_ERR_OPTIONS` for a time that is none. */
export function matching(filter: Filter = {}): (envelope: Envelope) => boolean {
  const since = timeOf('since', filter.since) ?? -Infinity
  const until = timeOf('until', filter.until) ?? Infinity
  const status = valuesOf(filter.status)
  const code = valuesOf(filter.code)
  const outcome = valuesOf(filter.outcome)
  return ({ acceptedAt, lastError, outcome: stored }) =>
    acceptedAt >= since &&
    acceptedAt < until &&
    (status === undefined || (lastError?.status !== undefined && status.has(lastError.status))) &&
    (code === undefined || (lastError !== undefined && code.has(lastError.code))) &&
    (outcome === undefined || outcome.has(stored))
}

/** Throws `SPW_ERR_OPTIONS` for a time that is none, which a schema cannot see. `name` stands in front. */
export function checkTimes({ since, until }: Filter, name: string): void {
  timeOf('since', since, name)
  timeOf('until', until, name)
}

/** A time of a filter in milliseconds. Throws `SPW_ERR_OPTIONS` for one that is none. */
export function timeOf(option: 'since' | 'until', value: Filter['since'], name = 'filter'): number | undefined {
  if (value === undefined) return undefined
  const isTime = typeof value === 'string' || typeof value === 'number' || types.isDate(value)
  // Of null and of a list a Date would make something.
  const time = isTime ? new Date(value).getTime() : NaN
  if (Number.isNaN(time)) throw new OptionsError(`${name}/${option} must be a time, got ${shown(value)}`)
  return time
}

export function valuesOf<T>(values: T | readonly T[] | undefined): Set<T> | undefined {
  return values === undefined ? undefined : new Set(Array.isArray(values) ? (values as readonly T[]) : [values as T])
}
