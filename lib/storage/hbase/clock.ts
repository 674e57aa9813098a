let last = 0

/**
 * A time in milliseconds that is later than every other that this process was given. Cells are put and removed by such times: a
 * put at the time of an earlier removal would stay hidden under it.
 */
export function nextTime(): number {
  last = Math.max(Date.now(), last + 1)
  return last
}

/** No time that this process was given, or could be given at this moment, is later. */
export const latestTime = (): number => Math.max(Date.now(), last)
