import { Agent, Client, type Dispatcher, Pool } from 'undici'
import { record } from './records.ts'

/** How a bare loop sends: which of undici's dispatchers it goes through, and what it does beside sending. */
export interface BareSettings {
  origin: string
  underWay: number
  /** A `Client` for each request under way is undici's fastest way, the others are what most people write. */
  through: 'clients' | 'agent' | 'pool'
  /** Whether each request has an idempotency key and a deadline, as ours. */
  visible: boolean
  /** Records a request, as ndjson. @default 1 */
  batch?: number
  /** Milliseconds after which an answer 503 is tried again; without, it is an error. */
  retryAfter?: number
}

const deadline = 10_000

/**
 * What a good engineer writes who wants nothing but speed: so many slots, each with one reused handler, which dispatches the
 * next request from the end of the last. No streams, no accounting; any failure throws.
 */
export class BareLoop {
  readonly #settings: BareSettings
  readonly #dispatchers: Dispatcher[]
  #next = 0
  #end = 0
  #busy = 0
  #done!: (error?: Error) => void
  readonly #again: { body: string; at: number }[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(settings: BareSettings) {
    this.#settings = settings
    this.#dispatchers = dispatchersOf(settings)
  }

  async send(records: number): Promise<void> {
    const { underWay, visible } = this.#settings
    this.#end = this.#next + records
    const slots = Array.from({ length: underWay }, (_, i) => {
      return new Slot(this, this.#dispatchers[i % this.#dispatchers.length]!, this.#settings)
    })
    const sweep = visible
      ? setInterval(() => slots.forEach(slot => slot.expire(performance.now() - deadline)), 100)
      : undefined
    await new Promise<void>((resolve, reject) => {
      this.#done = error => (error === undefined ? resolve() : reject(error))
      this.#busy = slots.length
      this.#idle = []
      for (const slot of slots) slot.next()
    })
    clearInterval(sweep)
  }

  /** The next body, or `undefined` when there is none now. */
  take(): string | undefined {
    if (this.#again.length > 0 && this.#again[0]!.at <= performance.now()) return this.#again.shift()!.body
    if (this.#next === this.#end) return undefined
    const { batch = 1 } = this.#settings
    if (batch === 1) return JSON.stringify(record(this.#next++))
    let body = ''
    for (let i = 0; i < batch && this.#next < this.#end; i++) body += JSON.stringify(record(this.#next++)) + '\n'
    return body
  }

  #idle: Slot[] = []

  rest(slot: Slot): void {
    this.#busy--
    this.#idle.push(slot)
    if (this.#busy === 0 && this.#again.length === 0) this.#done()
  }

  later(body: string): void {
    this.#again.push({ body, at: performance.now() + this.#settings.retryAfter! })
    this.#timer ??= setTimeout(() => this.#wake(), this.#settings.retryAfter)
  }

  #wake(): void {
    this.#timer = undefined
    for (const slot of this.#idle.splice(0, this.#again.length)) {
      this.#busy++
      slot.next()
    }
    if (this.#again.length > 0) {
      this.#timer = setTimeout(() => this.#wake(), Math.max(1, this.#again[0]!.at - performance.now()))
    }
  }

  fail(error: Error): void {
    this.#done(error)
  }
}

const prefix = Math.random().toString(36).slice(2)
let keys = 0

class Slot implements Dispatcher.DispatchHandler {
  readonly #loop: BareLoop
  readonly #dispatcher: Dispatcher
  readonly #origin: string
  readonly #visible: boolean
  readonly #retries: boolean
  readonly #contentType: string
  #body = ''
  #startedAt = Infinity
  #status = 0
  #controller: Dispatcher.DispatchController | undefined

  constructor(loop: BareLoop, dispatcher: Dispatcher, { origin, visible, retryAfter, batch = 1 }: BareSettings) {
    this.#loop = loop
    this.#dispatcher = dispatcher
    this.#origin = origin
    this.#visible = visible
    this.#retries = retryAfter !== undefined
    this.#contentType = batch === 1 ? 'application/json' : 'application/x-ndjson'
  }

  next(): void {
    const body = this.#loop.take()
    if (body === undefined) return this.#loop.rest(this)
    if (this.#retries) this.#body = body
    if (this.#visible) this.#dispatch(body)
    else this.#dispatchOnly(body)
  }

  #dispatch(body: string): void {
    this.#startedAt = performance.now()
    const key = `${prefix}-${(keys++).toString(36)}`
    const headers = { 'content-type': this.#contentType, 'idempotency-key': key }
    this.#dispatcher.dispatch({ origin: this.#origin, path: '/sink', method: 'POST', headers, body }, this)
  }

  #dispatchOnly(body: string): void {
    const headers = { 'content-type': this.#contentType }
    this.#dispatcher.dispatch({ origin: this.#origin, path: '/sink', method: 'POST', headers, body }, this)
  }

  expire(before: number): void {
    if (this.#startedAt < before) this.#controller?.abort(new Error('The deadline is over.'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    this.#startedAt = Infinity
    if (this.#status === 200) return this.next()
    if (!this.#retries || this.#status !== 503)
      return this.#loop.fail(new Error(`The endpoint answered ${this.#status}.`))
    this.#loop.later(this.#body)
    this.next()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#loop.fail(error)
  }
}

function dispatchersOf({ origin, underWay, through }: BareSettings): Dispatcher[] {
  if (through === 'agent') return [new Agent({ connections: underWay })]
  if (through === 'pool') return [new Pool(origin, { connections: underWay })]
  return Array.from({ length: underWay }, () => new Client(origin))
}
