import { Delivery } from '../delivery.ts'

/** The deliveries in Node's buffer in front of a stream: whoever gave them in is told of their end too. */
export class Given {
  readonly #deliveries = new Set<Delivery>()

  /** It was written. Other records have nobody who is to be told. */
  add(record: unknown): void {
    if (record instanceof Delivery) this.#deliveries.add(record)
  }

  /** The stream has it. */
  taken(record: unknown): void {
    if (record instanceof Delivery) this.#deliveries.delete(record)
  }

  /** The stream is destroyed, and never going to have the rest. */
  abandon(settle: (delivery: Delivery) => void): void {
    for (const delivery of this.#deliveries) settle(delivery)
    this.#deliveries.clear()
  }
}
