/** How a connection is taken from a pool and given back to it. */
export interface Lending<C> {
  readonly take: () => Promise<C>
  /** `isWhole` is false when it was cut, or the work on it failed. */
  readonly giveBack: (connection: C, isWhole: boolean) => void
  /** Breaks it off, whatever it waits for. */
  readonly cut: (connection: C) => void
}

/**
 * Runs `work` on a connection of a pool. When the signal aborts the connection is cut and this rejects, even if the driver
 * does not notice; a connection that comes later than that goes straight back.
 */
export async function borrowed<C, R>(
  { take, giveBack, cut }: Lending<C>,
  signal: AbortSignal,
  work: (connection: C) => Promise<R>
): Promise<R> {
  const taken = take()
  const connection = await unlessAborted(signal, taken).catch((error: unknown) => {
    taken.then(
      late => giveBack(late, true),
      () => undefined
    )
    throw error
  })
  let isWhole = false
  try {
    const result = await unlessAborted(signal, work(connection))
    isWhole = true
    return result
  } finally {
    if (signal.aborted) cut(connection)
    giveBack(connection, isWhole)
  }
}

async function unlessAborted<R>(signal: AbortSignal, promise: Promise<R>): Promise<R> {
  let stop: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop)
  })
  // What fails later than that is nobody's concern.
  promise.catch(() => undefined)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop!)
  }
}
