import type { Dispatcher } from 'undici'
import { OptionsError } from '../errors.ts'
import { longestTimer } from '../longest-timer.ts'
import { shown } from '../options.ts'
import type { Attempt } from './attempt.ts'
import { type ConnectionLimit, OwnConnections, SharedConnections } from './connections.ts'
import { Deadlines } from './deadlines.ts'
import { Endpoint } from './endpoint.ts'
import type { ExchangeRules } from './exchange.ts'
import { HttpSender } from './http-sender.ts'
import type { Sender } from './sender.ts'
import { wrappedSender } from './wrapped-sender.ts'

export interface HubOptions {
  /** Requests under way at most. */
  readonly slots: number
  readonly rules: ExchangeRules
  readonly dispatcher: Dispatcher | undefined
  readonly wrapSender: ((inner: Sender) => Sender) | undefined
  /** Drains when it aborts. */
  readonly signal: AbortSignal | undefined
  /** Milliseconds that what is under way has then. */
  readonly drainTimeout: number
}

// Endpoints that nobody uses are forgotten beyond so many, for records that bring a URL each.
const keptEndpoints = 256

/**
 * What an `HttpWritable` and the `RetryTransform`s behind it share: the slots, the endpoints, the deadlines, and whether it
 * is all being shut down. A free slot goes to the endpoint with the fewest requests under way that has work, so none has
 * more than its fair share while others wait.
 */
export class Hub implements ConnectionLimit {
  readonly rules: ExchangeRules
  /** The user's Sender, if there is one around the built-in. */
  readonly sender: Sender | undefined
  readonly #dispatcher: Dispatcher | undefined
  readonly #slots: number
  readonly #deadlines: Deadlines
  /** Cut off, with a turn of the event loop left to say how far they came: their deadline may be gone by now. */
  readonly #cancelled = new Set<Attempt>()
  readonly #endpoints = new Map<string, Endpoint>()
  readonly #active = new Set<Endpoint>()
  readonly #timers = new Map<Endpoint, NodeJS.Timeout>()
  readonly #drainListeners = new Set<() => void>()
  readonly #signal: AbortSignal | undefined
  readonly #onSignal: () => void
  #users = 0
  #connections = 0
  #inFlight = 0
  #pumping = false
  #draining = false
  #drainTimer: NodeJS.Timeout | undefined
  #cutOffAt = Infinity

  constructor({ slots, rules, dispatcher, wrapSender, signal, drainTimeout }: HubOptions) {
    this.rules = rules
    this.#slots = slots
    this.#dispatcher = dispatcher
    this.#deadlines = new Deadlines(rules.timeout)
    this.sender = wrapSender === undefined ? undefined : wrappedSender(wrapSender, new HttpSender(this))
    this.#signal = signal
    this.#onSignal = () => this.drain(drainTimeout)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  /** No new attempts are made any more. */
  get draining(): boolean {
    return this.#draining
  }

  endpointOf(origin: string): Endpoint {
    return this.#endpoints.get(origin) ?? this.#added(origin)
  }

  /** There may be work for this endpoint. */
  wake(endpoint: Endpoint): void {
    if (!endpoint.active) {
      endpoint.active = true
      this.#active.add(endpoint)
    }
    this.pump()
  }

  wakeAfter(endpoint: Endpoint, milliseconds: number): void {
    clearTimeout(this.#timers.get(endpoint))
    const wake = (): void => {
      this.#timers.delete(endpoint)
      this.wake(endpoint)
    }
    // A timer may fire up to a millisecond early.
    this.#timers.set(endpoint, setTimeout(wake, Math.min(Math.ceil(milliseconds) + 1, longestTimer)))
  }

  /** Gives the free slots to those who have work. */
  pump(): void {
    // An attempt can be over before it returns from its start: the loop below goes on with the slot.
    if (this.#pumping) return
    this.#pumping = true
    try {
      this.#giveSlots()
    } finally {
      this.#pumping = false
    }
  }

  #giveSlots(): void {
    while (this.#inFlight < this.#slots && !this.#draining) {
      const endpoint = this.#next()
      const work = endpoint?.nextWork()
      if (endpoint === undefined || work === undefined) break
      const delivery = work.take()
      if (delivery !== undefined) endpoint.start(delivery, work)
      this.#rotate(endpoint)
    }
  }

  started(attempt: Attempt): void {
    this.#inFlight++
    this.#deadlines.add(attempt)
  }

  finished(attempt: Attempt): void {
    this.#inFlight--
    this.#deadlines.remove(attempt)
    this.#cancelled.delete(attempt)
  }

  cancelled(attempt: Attempt): void {
    this.#cancelled.add(attempt)
  }

  /**
   * No new attempts; what is under way has `given` milliseconds to finish. A second call can only shorten that. Throws
   * `SPW_ERR_OPTIONS`.
   */
  drain(given: number): void {
    const timeout = checkedTime(given)
    const cutOffAt = performance.now() + timeout
    if (cutOffAt >= this.#cutOffAt) return
    this.#cutOffAt = cutOffAt
    const first = !this.#draining
    this.#draining = true
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    clearTimeout(this.#drainTimer)
    this.#drainTimer = setTimeout(() => this.#cutOff(), timeout).unref()
    if (timeout === 0) this.#cutOff()
    if (first) for (const listener of [...this.#drainListeners]) listener()
  }

  onDrain(listener: () => void): void {
    this.#drainListeners.add(listener)
  }

  opened(): void {
    if (++this.#connections <= this.#slots) return
    for (const { connections } of this.#endpoints.values()) if (connections.idle > 0) return connections.closeIdle()
  }

  closed(): void {
    this.#connections--
  }

  /** Who uses the hub says so, and says when it is done: until then it heeds the signal, then its connections are closed. */
  join(): void {
    if (this.#users++ > 0) return
    if (this.#signal?.aborted) this.#onSignal()
    else this.#signal?.addEventListener('abort', this.#onSignal)
  }

  leave(listener?: () => void): void {
    if (listener !== undefined) this.#drainListeners.delete(listener)
    if (--this.#users > 0) return
    this.#signal?.removeEventListener('abort', this.#onSignal)
    clearTimeout(this.#drainTimer)
    for (const timer of this.#timers.values()) clearTimeout(timer)
    for (const { connections } of this.#endpoints.values()) connections.close()
  }

  /** Ends what is under way for which `mine` holds, without telling anybody; gives what it was. */
  abandon(mine: (attempt: Attempt) => boolean): Attempt[] {
    const underWay = new Set([...(this.#deadlines.all() as Attempt[]), ...this.#cancelled])
    const abandoned = [...underWay].filter(mine)
    for (const attempt of abandoned) {
      attempt.abandon()
      this.finished(attempt)
    }
    this.pump()
    return abandoned
  }

  #cutOff(): void {
    for (const attempt of this.#deadlines.all() as Attempt[]) attempt.shutDown()
  }

  #next(): Endpoint | undefined {
    let fewest: Endpoint | undefined
    for (const endpoint of this.#active) {
      if (fewest !== undefined && endpoint.inFlight >= fewest.inFlight) continue
      if (endpoint.held || !endpoint.hasWork) this.#sleep(endpoint)
      else fewest = endpoint
      if (fewest?.inFlight === 0) break
    }
    return fewest
  }

  // Of those with equally few requests under way the one that waits longest is next.
  #rotate(endpoint: Endpoint): void {
    if (this.#active.size > 1 && this.#active.delete(endpoint)) this.#active.add(endpoint)
  }

  #sleep(endpoint: Endpoint): void {
    endpoint.active = false
    this.#active.delete(endpoint)
  }

  #added(origin: string): Endpoint {
    if (this.#endpoints.size >= keptEndpoints) this.#forgetUnused()
    const connections =
      this.#dispatcher === undefined
        ? new OwnConnections(origin, this.rules.timeout, this)
        : new SharedConnections(this.#dispatcher)
    const endpoint = new Endpoint(origin, this, connections)
    this.#endpoints.set(origin, endpoint)
    return endpoint
  }

  #forgetUnused(): void {
    for (const [origin, endpoint] of this.#endpoints) {
      if (!endpoint.unused) continue
      this.#sleep(endpoint)
      this.#endpoints.delete(origin)
      endpoint.forget()
    }
  }
}

function checkedTime(given: unknown): number {
  if (typeof given === 'number' && given >= 0) return Math.min(given, longestTimer)
  throw new OptionsError(`drain/timeout must be a number >= 0, got ${shown(given)}`)
}
