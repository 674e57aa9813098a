import type { Delivery } from '../delivery.ts'
import { isRefusal } from '../storage/is-refusal.ts'
import { refusedHalves } from '../storage/refused-halves.ts'
import type { Entry } from '../storage/storage.ts'
import type { Keeper } from './keeper.ts'
import type { Load, WaitingList } from './waiting-list.ts'

/** Is told what became of each load. */
export interface AppendsOwner {
  /** It is as durable as the policy says. */
  durable(load: Load, entry: Entry): void
  /** It is not journaled: somebody else keeps it, it cannot be sent, or the storage does not take it. */
  passed(load: Load): void
  failed(loads: readonly Load[], error: Error): void
  /** Nothing waits, or an append is over. */
  rested(): void
}

// While one append waits for the disk the next one can be made.
const appendsAtOnce = 2
const loadsInAppend = 1_000

/** Appends what waits, many loads at once. They wait, are in an append, or are told of. */
export class Appends {
  readonly #waiting: WaitingList
  readonly #keeper: Keeper
  readonly #owner: AppendsOwner
  readonly #running = new Set<Promise<void>>()
  #records = 0
  #bytes = 0
  #scheduled = false
  /** They begin once what was left has been given. */
  #state: 'held' | 'going' | 'stopped' = 'held'
  #isDraining = false

  constructor(waiting: WaitingList, keeper: Keeper, owner: AppendsOwner) {
    this.#waiting = waiting
    this.#keeper = keeper
    this.#owner = owner
  }

  /** In appends that are under way. */
  get records(): number {
    return this.#records
  }

  get bytes(): number {
    return this.#bytes
  }

  begin(): void {
    if (this.#state !== 'held') return
    this.#state = 'going'
    this.schedule()
  }

  /** What the storage does not take now passes: it is stored behind the journal. */
  drain(): void {
    this.#isDraining = true
    this.#keeper.stopAdding()
  }

  /** No further one begins. Resolves when those that are under way are over. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    await Promise.all(this.#running)
  }

  // What is written in one turn of the event loop goes in one append.
  schedule(): void {
    if (this.#scheduled || this.#state !== 'going') return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#next()
    })
  }

  #next(): void {
    while (!this.#waiting.isEmpty && this.#running.size < appendsAtOnce && this.#state === 'going') {
      const loads = this.#nextLoads()
      if (loads.length === 0) break
      const append = this.#append(loads).finally(() => {
        this.#running.delete(append)
        this.#next()
      })
      this.#running.add(append)
    }
    this.#owner.rested()
  }

  #nextLoads(): Load[] {
    const loads: Load[] = []
    while (loads.length < loadsInAppend) {
      const load = this.#waiting.shift()
      if (load === undefined) break
      if (load.isNew) {
        this.#enter(load.delivery)
        loads.push(load)
      } else this.#owner.passed(load)
    }
    return loads
  }

  async #append(loads: readonly Load[]): Promise<void> {
    let entries: readonly Entry[]
    try {
      entries = await this.#keeper.keep(loads.map(({ delivery }) => delivery))
    } catch (error) {
      return this.#notTaken(loads, error as Error)
    }
    for (const [i, load] of loads.entries()) {
      this.#leave(load.delivery)
      this.#owner.durable(load, entries[i]!)
    }
  }

  async #notTaken(loads: readonly Load[], error: Error): Promise<void> {
    const halves = refusedHalves(loads, error)
    if (halves !== undefined) {
      for (const half of halves) await this.#append(half)
      return
    }
    const passes = isRefusal(error) || this.#isDraining
    for (const load of loads) {
      // One after the other: what has not gone on yet keeps the stream from its end.
      this.#leave(load.delivery)
      if (passes) this.#owner.passed(load)
    }
    if (!passes) this.#owner.failed(loads, error)
  }

  #enter({ count, bytes }: Delivery): void {
    this.#records += count
    this.#bytes += bytes
  }

  #leave({ count, bytes }: Delivery): void {
    this.#records -= count
    this.#bytes -= bytes
  }
}
