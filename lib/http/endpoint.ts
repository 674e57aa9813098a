import type { Delivery } from '../delivery.ts'
import type { DeliveryError } from '../errors.ts'
import { Attempt } from './attempt.ts'
import type { Connections } from './connections.ts'
import type { Hub } from './hub.ts'

/** Somebody who has deliveries to attempt at one endpoint: first attempts, or retries. */
export interface Work {
  /** Whether there is a delivery to attempt now. */
  readonly ready: boolean
  /** Whether it has nothing for this endpoint. */
  readonly idle: boolean
  /** Takes it. `undefined` when it turned out that there was nothing to send. */
  take(): Delivery | undefined
  /** The attempt is over and its slot is free again. */
  attempted(delivery: Delivery, error: DeliveryError | undefined): void
  /** The endpoint is not going to ask any more. */
  forget(): void
}

/** One origin as one `HttpWritable` sees it: who has work for it, what is under way, until when it wants to be left alone. */
export class Endpoint {
  readonly origin: string
  readonly hub: Hub
  readonly connections: Connections
  inFlight = 0
  /** Whether the hub looks at it for work. */
  active = false
  readonly #works: Work[] = []
  #turn = 0
  #heldUntil = 0

  constructor(origin: string, hub: Hub, connections: Connections) {
    this.origin = origin
    this.hub = hub
    this.connections = connections
  }

  /** Whether nothing would be lost by forgetting it. */
  get unused(): boolean {
    return this.inFlight === 0 && !this.held && this.#works.every(({ idle }) => idle)
  }

  /** Closes its connections and tells those who had work. */
  forget(): void {
    this.connections.close()
    for (const work of this.#works) work.forget()
  }

  get held(): boolean {
    return this.#heldUntil > 0 && this.#heldUntil > performance.now()
  }

  get hasWork(): boolean {
    for (const work of this.#works) if (work.ready) return true
    return false
  }

  attach(work: Work): void {
    this.#works.push(work)
  }

  /** The next one with something to do: they take turns, so that neither first attempts nor retries wait for ever. */
  nextWork(): Work | undefined {
    for (let i = 0; i < this.#works.length; i++) {
      if (++this.#turn >= this.#works.length) this.#turn = 0
      const work = this.#works[this.#turn]!
      if (work.ready) return work
    }
    return undefined
  }

  start(delivery: Delivery, work: Work): void {
    this.inFlight++
    const attempt = new Attempt(delivery, work, this)
    this.hub.started(attempt)
    attempt.start()
  }

  finished(attempt: Attempt, error: DeliveryError | undefined): void {
    this.inFlight--
    if (error?.retryAfter !== undefined) this.#hold(error.retryAfter)
    this.hub.finished(attempt)
    attempt.work.attempted(attempt.delivery, error)
    this.hub.pump()
  }

  #hold(milliseconds: number): void {
    const until = performance.now() + milliseconds
    if (until <= this.#heldUntil) return
    this.#heldUntil = until
    this.hub.wakeAfter(this, milliseconds)
  }
}
