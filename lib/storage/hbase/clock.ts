let last = 0

/**
 * A time in milliseconds that is later than every other that this process was given. It says when an entry was appended and when a
 * reading began, and nothing of what is removed: clocks of others may be ahead or behind.
 */
export function nextTime(): number {
  last = Math.max(Date.now(), last + 1)
  return last
}

/** No time that this process was given, or could be given at this moment, is later. */
export const latestTime = (): number => Math.max(Date.now(), last)
