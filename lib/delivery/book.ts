import { Account, type Place, type Stats } from '../account.ts'
import type { Delivery } from '../delivery.ts'

/**
 * The account of a stream that takes deliveries: the one that travels with them, or, when they come from several streams or
 * were made by hand, one of its own.
 */
export class Book {
  readonly #own = new Account()
  #travelling: Account | undefined
  #mixed = false

  stats(): Stats {
    return (this.#mixed ? this.#own : (this.#travelling ?? this.#own)).stats()
  }

  /** A delivery came in. */
  adopt(delivery: Delivery, place: Place): void {
    const records = delivery.count
    this.#own.accept(place, records)
    const { account } = delivery
    if (this.#own.accepted > records) this.#mixed ||= account !== this.#travelling
    this.#travelling ??= account
    delivery.moveTo(place)
  }

  /** It is settled, or somebody else's. The travelling account has its own way of knowing. */
  leave({ count, error }: Delivery, from: Place, to: Place): void {
    this.#own.move(from, to, count)
    if (to !== 'stored') return
    if (error?.outcome === 'refused') this.#own.refused += count
    if (error?.outcome === 'ambiguous') this.#own.ambiguous += count
  }
}
