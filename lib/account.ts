/** Where a record can be. It is in exactly one place at a time. */
export const places = [
  'waiting',
  'inFlight',
  'retrying',
  'storing',
  'delivered',
  'stored',
  'abandoned',
  'handedBack'
] as const

export type Place = (typeof places)[number]

/**
 * What became of the accepted records, in records. At every instant
 * `accepted = waiting + inFlight + retrying + storing + delivered + stored + abandoned + handedBack`.
 */
export interface Stats extends Record<Place, number> {
  /** Taken in: counted, and its `write()` callback run without error. */
  accepted: number
  /** Of the stored: those that the endpoint, or the rules of HTTP, will never take. */
  refused: number
  /** Of the stored: those that may have been delivered (`semantics: 'at-most-once'`, or cut off by a shutdown). */
  ambiguous: number
  /** Requests that were started. */
  attempts: number
  /** Of these: the ones after the first of their delivery. */
  retries: number
}

/** The book of one stream or one chain of streams. Only moves change it, so the law above cannot be broken by it. */
export class Account {
  accepted = 0
  refused = 0
  ambiguous = 0
  attempts = 0
  retries = 0
  waiting = 0
  inFlight = 0
  retrying = 0
  storing = 0
  delivered = 0
  stored = 0
  abandoned = 0
  handedBack = 0

  /** Takes in new records. */
  accept(place: Place, records: number): void {
    this.accepted += records
    this[place] += records
  }

  move(from: Place, to: Place, records: number): void {
    this[from] -= records
    this[to] += records
  }

  stats(): Stats {
    return { ...this }
  }
}
