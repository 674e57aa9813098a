import { setImmediate as turned, setTimeout as waited } from 'node:timers/promises'

/** Some turns of the event loop: what can happen without the network or a timer has happened then. */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await turned()
}

/** Resolves after so many milliseconds. */
export const paused = (milliseconds: number): Promise<void> => waited(milliseconds)

/** Resolves once `isSo` holds, and rejects, saying what was waited for, when it does not for long. */
export async function until(isSo: () => boolean, what = String(isSo), atMost = 5_000): Promise<void> {
  const end = performance.now() + atMost
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`In vain waited for: ${what}`)
    await waited(2)
  }
}

/** What a promise gives, or rejects with when it is not settled within so many milliseconds. */
export async function within<T>(promise: Promise<T>, what: string, atMost = 5_000): Promise<T> {
  const over = new AbortController()
  const late = waited(atMost, undefined, { signal: over.signal }).then(() => {
    throw new Error(`In vain waited for: ${what}`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([promise, late])
  } finally {
    over.abort()
  }
}
