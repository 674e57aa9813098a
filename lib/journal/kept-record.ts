import type { Outcome } from '../delivery/settlement.ts'

/** A record that somebody else keeps until it is settled, so that it need not be journaled: the place in a file, say. */
export class KeptRecord {
  readonly record: unknown
  /** The same when it is given again. */
  readonly id: string
  readonly settled: (outcome: Outcome) => void

  constructor(record: unknown, id: string, settled: (outcome: Outcome) => void) {
    this.record = record
    this.id = id
    this.settled = settled
  }
}
