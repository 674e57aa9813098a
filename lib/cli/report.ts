import type { Stats } from '../account.ts'

/** What a command says at its end, in one JSON line: the accounting, in records. */
export interface Report extends Stats {
  /** Lines of the input that are no records; they are stored, and not in `accepted`. */
  readonly damaged: number
  /** Of the abandoned: those that the journal keeps for the next run. */
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
