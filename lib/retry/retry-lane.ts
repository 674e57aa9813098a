import { Fifo } from '../delivery/fifo.ts'
import type { Delivery } from '../delivery.ts'
import type { DeliveryError } from '../errors.ts'
import type { Endpoint, Work } from '../http/endpoint.ts'

/** Whose later attempts these are. */
export interface RetryLaneOwner {
  /** Whether it may still be attempted; if not, the owner has it back. */
  permits(delivery: Delivery): boolean
  taken(delivery: Delivery): void
  attempted(delivery: Delivery, error: DeliveryError | undefined): void
  forgotten(endpoint: Endpoint): void
}

/** Deliveries whose delay is over and that wait for a slot at one endpoint. */
export class RetryLane implements Work {
  readonly #owner: RetryLaneOwner
  readonly #endpoint: Endpoint
  readonly #due = new Fifo<Delivery>()

  constructor(owner: RetryLaneOwner, endpoint: Endpoint) {
    this.#owner = owner
    this.#endpoint = endpoint
    endpoint.attach(this)
  }

  get ready(): boolean {
    return this.#due.length > 0
  }

  get idle(): boolean {
    return this.#due.length === 0
  }

  push(delivery: Delivery): void {
    this.#due.push(delivery)
    this.#endpoint.hub.wake(this.#endpoint)
  }

  take(): Delivery | undefined {
    const delivery = this.#due.shift()
    if (delivery === undefined || !this.#owner.permits(delivery)) return undefined
    this.#owner.taken(delivery)
    return delivery
  }

  /** Takes the next one although it is not going to be attempted. */
  next(): Delivery | undefined {
    return this.#due.shift()
  }

  attempted(delivery: Delivery, error: DeliveryError | undefined): void {
    this.#owner.attempted(delivery, error)
  }

  forget(): void {
    this.#owner.forgotten(this.#endpoint)
  }
}
