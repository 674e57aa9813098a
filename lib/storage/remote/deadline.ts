import { StorageError } from '../../errors.ts'

/**
 * What `work` gives, or a retryable `SPW_ERR_STORAGE` when that takes longer than `timeout` milliseconds. `work` gets a signal
 * that aborts then. `what` completes the message: 'append to the table record'.
 *
 * A deadline of our own, because those of the drivers are the server's only, do not count the wait for a connection, or begin
 * anew with every byte.
 */
export async function withDeadline<T>(
  timeout: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>
): Promise<T> {
  const stop = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let lastLook: NodeJS.Immediate | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const expire = (): void => {
      const error = new StorageError('SPW_ERR_STORAGE', `Cannot ${what}: no answer within ${timeout} ms.`, {
        retryable: true
      })
      reject(error)
      stop.abort(error)
    }
    // After a stall of the event loop the answer may be there, unread: it gets one poll phase to be seen.
    timer = setTimeout(() => (lastLook = setImmediate(expire)), timeout)
  })
  const done = work(stop.signal)
  // Whatever becomes of it after the deadline, nobody waits for it any more.
  done.catch(() => undefined)
  try {
    return await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
    clearImmediate(lastLook)
  }
}
