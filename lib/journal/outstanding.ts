import type { Delivery } from '../delivery.ts'
import type { Outcome } from '../delivery/settlement.ts'
import type { Entry } from '../storage/storage.ts'
import type { Keeper } from './keeper.ts'
import { piecesFor } from './left-over.ts'

/** What is in the journal and not settled: journaled in this process, or left by an earlier one. */
export class Outstanding {
  readonly #keeper: Keeper
  #entries = 0
  #records = 0
  #kept = 0
  #over: (() => void) | undefined

  constructor(keeper: Keeper) {
    this.#keeper = keeper
  }

  get records(): number {
    return this.#records
  }

  /** Records that were abandoned, and stay in the journal. */
  get kept(): number {
    return this.#kept
  }

  /** This delivery was journaled as that entry. */
  add(entry: Entry, delivery: Delivery): void {
    const { count } = delivery
    this.#begin(count)
    delivery.onSettled(outcome => this.#settled(entry, count, outcome))
  }

  /** This entry was left by an earlier process. Gives its deliveries. */
  addLeft(entry: Entry, batchSize: number): Delivery[] {
    this.#begin(entry.envelope.records.length)
    return piecesFor(entry, batchSize, (outcome, records) => this.#settled(entry, records, outcome))
  }

  /** Resolves when there are none. */
  async over(): Promise<void> {
    if (this.#entries > 0) await new Promise<void>(resolve => (this.#over = resolve))
  }

  #begin(records: number): void {
    this.#entries++
    this.#records += records
  }

  #settled(entry: Entry, records: number, outcome: Outcome): Promise<void> | undefined {
    // The same promise for all that are removed together: one for each would be much of the cost of a journal.
    const removed = outcome === 'abandoned' ? this.#keep(entry, records) : this.#keeper.forget(entry)
    this.#records -= records
    if (--this.#entries === 0) this.#over?.()
    return removed
  }

  #keep(entry: Entry, records: number): undefined {
    this.#kept += records
    entry.release?.()
  }
}
