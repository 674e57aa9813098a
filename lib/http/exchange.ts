import type { Dispatcher } from 'undici'
import type { Delivery } from '../delivery.ts'
import { DeliveryError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import type { Connections } from './connections.ts'
import { failureOf, incomplete, type Semantics, shutDown, timedOut, unsendable } from './failure.ts'
import { checkValue } from './headers.ts'
import { type VerdictRules, verdict } from './response.ts'

/** What an exchange needs to know of the options. */
export interface ExchangeRules extends VerdictRules {
  /** Milliseconds, for the message of a deadline. */
  readonly timeout: number
  readonly maxResponseBytes: number
  readonly semantics: Semantics
}

/** Is told once how the exchange ended: with a failure, or well. */
export interface ExchangeListener {
  exchanged(error: DeliveryError | undefined): void
}

const idle = 0
const headers = 1
const over = 2

/**
 * One request and its answer. States: nothing of the request is written (`#started` false), written, answered with a status,
 * over. Once over, whatever undici still says is of no interest.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #delivery: Delivery
  readonly #rules: ExchangeRules
  readonly #connections: Connections
  readonly #listener: ExchangeListener
  #dispatcher: Dispatcher | undefined
  #controller: Dispatcher.DispatchController | undefined
  #state = idle
  #status = 0
  #headers: Readonly<Record<string, unknown>> = {}
  #received = 0

  constructor(delivery: Delivery, rules: ExchangeRules, connections: Connections, listener: ExchangeListener) {
    this.#delivery = delivery
    this.#rules = rules
    this.#connections = connections
    this.#listener = listener
  }

  start(): void {
    const { target, error } = this.#delivery
    const request = this.#request()
    if (request === undefined) return
    // RFC 9110, 15.5.20: a misdirected request is to be retried over another connection.
    this.#dispatcher = this.#connections.take(error?.status === 421)
    try {
      this.#dispatcher.dispatch(
        {
          origin: target.origin,
          path: target.path,
          method: target.method,
          headers: request.headers,
          body: request.body,
          // undici closes the socket after a DELETE, GET, OPTIONS or TRACE with a body unless it is told not to.
          reset: false,
          headersTimeout: 0,
          bodyTimeout: 0
        },
        this
      )
    } catch (cause) {
      // undici's own dispatchers tell the handler; one of the user may throw.
      this.#broken(cause)
    }
  }

  /** Ends it: its deadline is over. */
  expire(): void {
    const { timeout, semantics } = this.#rules
    this.#cut(this.#failedStatus() ?? timedOut(timeout, this.#controller !== undefined, semantics))
  }

  /** Ends it: the stream is shut down. */
  shutDown(): void {
    this.#cut(shutDown(this.#controller !== undefined))
  }

  /** Ends it without telling anybody. */
  abandon(): void {
    this.#state = over
    this.#disconnect()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#state === over) controller.abort(new Error('Nobody waits for this any longer.'))
    else this.#controller = controller
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, fields: Record<string, unknown>): void {
    // What is informational only keeps the deadline waiting.
    if (status < 200 || this.#state === over) return
    this.#state = headers
    this.#status = status
    this.#headers = fields
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state === over) return
    this.#received += chunk.length
    if (this.#received > this.#rules.maxResponseBytes) this.#cut(this.#verdict())
  }

  onResponseEnd(): void {
    if (this.#state === over) return
    this.#state = over
    const error = this.#verdict()
    if (error?.status === 421) this.#connections.drop(this.#dispatcher!)
    else this.#connections.give(this.#dispatcher!)
    this.#listener.exchanged(error)
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    this.#broken(cause)
  }

  #broken(cause: unknown): void {
    if (this.#state === over) return
    const answered = this.#state === headers
    this.#state = over
    // Its connection is gone, and undici is still busy with this client: a request that it got now would break an assertion.
    if (this.#dispatcher !== undefined) this.#connections.drop(this.#dispatcher)
    this.#listener.exchanged(answered ? this.#cutAnswer(cause) : this.#brokenOff(cause))
  }

  #verdict(): DeliveryError | undefined {
    return verdict(this.#status, this.#headers, this.#delivery.count, this.#rules)
  }

  // A status that is no success is clear without the rest of its body.
  #failedStatus(): DeliveryError | undefined {
    return this.#state === headers ? this.#verdict() : undefined
  }

  #cutAnswer(cause: unknown): DeliveryError {
    return this.#verdict() ?? incomplete(this.#status, cause, this.#rules.semantics)
  }

  #brokenOff(cause: unknown): DeliveryError {
    if (this.#controller === undefined && isInvalidRequest(cause)) {
      return unsendable('SPW_ERR_REQUEST', `The request is not valid: ${messageOf(cause)}`, cause)
    }
    return failureOf(cause, this.#controller !== undefined, this.#rules.semantics)
  }

  #cut(error: DeliveryError | undefined): void {
    if (this.#state === over) return
    this.#state = over
    this.#disconnect()
    this.#listener.exchanged(error)
  }

  #disconnect(): void {
    this.#controller?.abort(new Error('The exchange was cut.'))
    if (this.#dispatcher !== undefined) this.#connections.drop(this.#dispatcher)
  }

  #request(): { headers: string[]; body: Delivery['body'] | null } | undefined {
    try {
      return { headers: headersOf(this.#delivery), body: this.#delivery.body ?? null }
    } catch (cause) {
      this.#state = over
      const message = `The request cannot be made: ${messageOf(cause)}`
      this.#listener.exchanged(cause instanceof DeliveryError ? cause : unsendable('SPW_ERR_ENCODE', message, cause))
      return undefined
    }
  }
}

// Names and values in turn: of what undici takes, the quickest to make.
function headersOf({ id, target: { headers, keyHeader } }: Delivery): string[] {
  const pairs: string[] = []
  for (const name in headers) {
    const value = headers[name]!
    pairs.push(name, typeof value === 'string' ? value : madeValue(name, value))
  }
  if (keyHeader !== undefined) pairs.push(keyHeader, id)
  return pairs
}

// What the function says when it fails may hold the secret, so it is not quoted. (undici would leave `undefined` out.)
function madeValue(name: string, make: () => string): string {
  try {
    const value = make()
    checkValue(name, value)
    return value
  } catch (cause) {
    throw unsendable('SPW_ERR_REQUEST', `The value of the header ${name} cannot be made.`, cause)
  }
}

const isInvalidRequest = (cause: unknown): boolean =>
  ((cause ?? {}) as { code?: unknown }).code === 'UND_ERR_INVALID_ARG'
