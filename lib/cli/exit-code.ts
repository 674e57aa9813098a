import type { Stats } from '../account.ts'

/** What a command did, as far as its exit code goes. */
export interface Outcome {
  readonly stats: Pick<Stats, 'stored' | 'refused' | 'abandoned'>
  /** Lines of the input that are no records. */
  readonly damaged: number
  /** The signal that stopped it. */
  readonly signal?: NodeJS.Signals | undefined
  /** Whether a stream, the storage or the reading of the input failed. */
  readonly failed: boolean
}

const signalCodes: Readonly<Partial<Record<NodeJS.Signals, number>>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }

/** Every exit code with its meaning, for the help and the README. */
export const exitCodes: ReadonlyArray<readonly [codes: string, meaning: string]> = [
  ['0', 'Everything was delivered; of the other commands: it went well.'],
  ['1', '`show`: there is nothing of this id.'],
  ['2', 'The configuration or the command is wrong. Nothing was started. Also `purge` without `--yes`.'],
  ['3', 'Some records were stored.'],
  ['4', 'Some records were refused, or a line of the input was damaged. They are stored.'],
  [
    '5',
    'Something was abandoned, a storage or the input failed, `check` found a fault, or what `ls` and its like print could not be written.'
  ],
  ['129, 130, 143', 'Stopped by SIGHUP, SIGINT or SIGTERM, and drained.']
]

/** A wrong configuration, or a wrong use of the command line: nothing was started. */
export const wrongUse = 2

/**
 * 0 only when everything was delivered. Else the first that is true: 5, something was abandoned or failed; 128 and the
 * signal's number, stopped by it and drained; 4, some records or lines were refused; 3, records were stored.
 */
export function exitCode({ stats, damaged, signal, failed }: Outcome): number {
  if (failed || stats.abandoned > 0) return 5
  if (signal !== undefined) return signalCodes[signal] ?? 128
  if (stats.refused > 0 || damaged > 0) return 4
  return stats.stored > 0 ? 3 : 0
}
