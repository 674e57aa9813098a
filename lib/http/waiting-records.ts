import { Delivery } from '../delivery.ts'
import type { Snapshot } from '../delivery/snapshot.ts'
import type { Target } from './target.ts'

// The columns of a row: the snapshot, its bytes, its target, when it was accepted; or a delivery alone.
const columns = 4

/**
 * Records that wait for a request of their own, and deliveries, first in, first out. They become deliveries only when they are taken: a full
 * queue outlives the collections of the young generation, and ten thousand deliveries that are copied each time cost more
 * than a tenth of the throughput.
 */
export class WaitingRecords {
  readonly #since = Date.now()
  #rows: unknown[] = []
  #head = 0

  get length(): number {
    return (this.#rows.length - this.#head) / columns
  }

  push(target: Target, snapshot: Snapshot, bytes: number): void {
    // Milliseconds since a time near enough are small integers, which need no memory of their own.
    this.#rows.push(snapshot, bytes, target, Date.now() - this.#since)
  }

  pushDelivery(delivery: Delivery): void {
    this.#rows.push(delivery, 0, undefined, 0)
  }

  shift(): Delivery | undefined {
    const rows = this.#rows
    const row = this.#head
    if (row === rows.length) return undefined
    const first = rows[row] as Snapshot | Delivery
    const delivery = first instanceof Delivery ? first : this.#made(first, row)
    rows[row] = rows[row + 2] = undefined
    this.#head += columns
    this.#tidy()
    return delivery
  }

  #made(snapshot: Snapshot, row: number): Delivery {
    const acceptedAt = this.#since + (this.#rows[row + 3] as number)
    return new Delivery([snapshot], { acceptedAt }, this.#rows[row + 2] as Target, this.#rows[row + 1] as number)
  }

  #tidy(): void {
    if (this.#head === this.#rows.length) {
      this.#rows.length = 0
      this.#head = 0
    } else if (this.#head > 8192 && this.#head * 2 > this.#rows.length) {
      this.#rows = this.#rows.slice(this.#head)
      this.#head = 0
    }
  }
}
