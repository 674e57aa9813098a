import { setTimeout as paused } from 'node:timers/promises'
import { StorageError } from '../../errors.ts'
import { withDeadline } from '../remote/deadline.ts'
import { HBaseFailure, storageErrorOf } from './failure.ts'

const pauses = [20, 50, 100, 200, 500, 1_000]

/**
 * What `work` gives. What fails for the moment is tried again, after a pause, until `timeout` milliseconds are over. Rejects
 * with a `StorageError` that says what was wrong the last time. `what` completes the message: 'append to the table record'.
 */
export async function persistently<T>(
  timeout: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>
): Promise<T> {
  let last: HBaseFailure | undefined
  try {
    return await withDeadline(timeout, what, async signal => {
      for (let tries = 0; ; tries++) {
        try {
          return await work(signal)
        } catch (error) {
          if (!(error instanceof HBaseFailure) || !error.transient || signal.aborted) throw error
          last = error
          await paused(pauses[Math.min(tries, pauses.length - 1)], undefined, { signal })
        }
      }
    })
  } catch (error) {
    if (error instanceof StorageError && last !== undefined && error.retryable) {
      const message = `Cannot ${what} within ${timeout} ms: ${last.message}`
      throw new StorageError('SPW_ERR_STORAGE', message, { retryable: true, cause: last })
    }
    throw storageErrorOf(what, error)
  }
}
