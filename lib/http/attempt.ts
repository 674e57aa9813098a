import type { Delivery } from '../delivery.ts'
import { DeliveryError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import type { Timed } from './deadlines.ts'
import type { Endpoint, Work } from './endpoint.ts'
import { Exchange, type ExchangeListener } from './exchange.ts'
import { shutDown, timedOut, unsendable } from './failure.ts'

/** One attempt to deliver: it holds a slot from its making until it is over, and never while anything waits for it. */
export class Attempt implements Timed, ExchangeListener {
  expiresAt = 0
  previous: Timed | undefined = undefined
  next: Timed | undefined = undefined
  readonly delivery: Delivery
  readonly work: Work
  readonly #endpoint: Endpoint
  #exchange: Exchange | undefined
  #controller: AbortController | undefined
  #over = false

  constructor(delivery: Delivery, work: Work, endpoint: Endpoint) {
    this.delivery = delivery
    this.work = work
    this.#endpoint = endpoint
  }

  start(): void {
    const { sender, rules } = this.#endpoint.hub
    if (sender === undefined) {
      this.#exchange = new Exchange(this.delivery, rules, this.#endpoint.connections, this)
      this.#exchange.start()
      return
    }
    // An AbortSignal costs 25–36 % of the throughput, so there is one only where somebody can hear it.
    const controller = (this.#controller = new AbortController())
    new Promise<void>(resolve => resolve(sender.send(this.delivery, controller.signal))).then(
      () => this.exchanged(undefined),
      (cause: unknown) => this.exchanged(cause instanceof DeliveryError ? cause : thrown(cause))
    )
  }

  exchanged(error: DeliveryError | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#endpoint.finished(this, error)
  }

  expire(): void {
    const { timeout, semantics } = this.#endpoint.hub.rules
    if (this.#exchange !== undefined) this.#exchange.expire()
    else this.#cancel(timedOut(timeout, true, semantics))
  }

  shutDown(): void {
    if (this.#exchange !== undefined) this.#exchange.shutDown()
    else this.#cancel(shutDown(true))
  }

  /** Ends it without telling its work. */
  abandon(): void {
    this.#over = true
    this.#exchange?.abandon()
    this.#controller?.abort()
  }

  // The built-in Sender within knows how far it came, and has this turn of the event loop to say so. Else something is taken
  // to have been sent.
  #cancel(error: DeliveryError): void {
    this.#endpoint.hub.cancelled(this)
    this.#controller?.abort(error)
    setImmediate(() => this.exchanged(error))
  }
}

function thrown(cause: unknown): DeliveryError {
  return unsendable('SPW_ERR_SENDER', `The Sender threw: ${messageOf(cause)}`, cause)
}
