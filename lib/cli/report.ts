import type { Stats } from '../account.ts'
import { tell } from './standard-streams.ts'

/**
 * What a command says at its end, in one JSON line: the accounting, in records. `storing` is what a storage had under way when it was
 * given up: it may be stored.
 */
export interface Report extends Stats {
  /** Lines of the input that are no records; they are stored, and not in `accepted`. */
  readonly damaged: number
  /** Neither delivered nor known to be stored: the journal, the input file or the storage of a replay has them for the next time. */
  readonly kept?: number
  readonly seconds: number
  /** Settled a second. */
  readonly recordsPerSecond: number
  /** The signal that stopped it. */
  readonly signal?: NodeJS.Signals
  readonly exitCode: number
}

/** `started` by `performance.now()`. */
export function reportOf(
  stats: Stats,
  started: number,
  {
    damaged,
    kept = 0,
    signal,
    exitCode
  }: { damaged: number; kept?: number; signal: NodeJS.Signals | undefined; exitCode: number }
): Report {
  const seconds = Math.max(0.001, (performance.now() - started) / 1000)
  const settled = stats.delivered + stats.stored + stats.abandoned
  return {
    ...stats,
    damaged,
    ...(kept === 0 ? {} : { kept }),
    seconds: Math.round(seconds * 1000) / 1000,
    recordsPerSecond: Math.round(settled / seconds),
    ...(signal === undefined ? {} : { signal }),
    exitCode
  }
}

/** Says of records whose append had not come back what that means. */
export function tellOfStoring({ storing }: Stats, areKept: boolean): void {
  if (storing === 0) return
  const fate = areKept ? 'they may be in the storage as well' : 'they are in the storage, or lost'
  tell(`${storing} records were being stored when the waiting ended: ${fate}`)
}
