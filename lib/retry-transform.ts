import type { Stats } from './account.ts'
import { Delivery } from './delivery.ts'
import { Book } from './delivery/book.ts'
import { DeliveryDuplex } from './delivery/delivery-duplex.ts'
import { queueSchema } from './delivery/queue-schema.ts'
import { lastWrite, overflow, tellOfQueue, type WriteCallback } from './delivery/write.ts'
import { type DeliveryError, OptionsError, StreamError } from './errors.ts'
import type { Endpoint } from './http/endpoint.ts'
import { shutDown } from './http/failure.ts'
import type { Hub } from './http/hub.ts'
import { optionsParser } from './options.ts'
import { nextDelay } from './retry/next-delay.ts'
import { RetryLane, type RetryLaneOwner } from './retry/retry-lane.ts'
import { Schedule } from './retry/schedule.ts'

/** The options of `RetryTransform`: the section `retry`. */
export interface RetryOptions {
  /** Attempts after the first; 0 for none. @default 3 */
  retries?: number
  /** Milliseconds before the first retry at most; it doubles from there. No more than `maxDelay`. @default 500 */
  minDelay?: number
  /** Milliseconds that no delay of our own exceeds; `Retry-After` may. A `minDelay` above the default raises it. @default 30_000 */
  maxDelay?: number
  /** Milliseconds after the first failure beyond which no attempt begins. @default none */
  maxElapsed?: number
  /** Records that may wait for their next attempt. @default 10_000 */
  queueCapacity?: number
  /** Bytes of these records. @default 67_108_864 (64 MiB) */
  queueBytes?: number
}

const milliseconds = { type: 'integer', minimum: 1, maximum: 2 ** 31 - 1, unit: 'ms' }

export const retrySchema = {
  type: 'object',
  properties: {
    retries: { type: 'integer', minimum: 0, maximum: 1_000_000, default: 3 },
    minDelay: { ...milliseconds, default: 500 },
    maxDelay: { ...milliseconds, default: 30_000 },
    maxElapsed: milliseconds,
    ...queueSchema
  },
  additionalProperties: false
} as const

type Complete = Required<Omit<RetryOptions, 'maxElapsed'>> & Pick<RetryOptions, 'maxElapsed'>

type Delays = Pick<RetryOptions, 'minDelay' | 'maxDelay'>

const parseRetryOptions = optionsParser<Omit<Complete, keyof Delays> & Delays>('retry', {
  ...retrySchema,
  // The defaults are put in once it is known which of the two was given.
  properties: { ...retrySchema.properties, minDelay: milliseconds, maxDelay: milliseconds }
})
const nodeBuffer = 16

/**
 * Makes the later attempts of deliveries that failed, splits those that are too large, and lets through what it gives up on.
 * It sends by the slots of the `HttpWritable` that they came from.
 *
 * A delivery that was written to it is in Node's buffer, in the schedule, in a lane (due, waiting for a slot), in flight, or
 * in the outbox (given up on).
 *
 * Longer than most files: the places a record can be in are one state machine, which parts would hide.
 */
export class RetryTransform extends DeliveryDuplex {
  static {
    tellOfQueue(this.prototype, {
      capacity: (stream: RetryTransform) => stream.#options.queueCapacity,
      length: (stream: RetryTransform) => stream.#records + stream.outgoingRecords
    })
  }

  readonly #options: Complete
  readonly #book = new Book()
  readonly #buffered = new Set<Delivery>()
  readonly #schedule = new Schedule<Delivery>(delivery => this.#retry(delivery))
  readonly #lanes = new Map<Endpoint, RetryLane>()
  readonly #owner: RetryLaneOwner = {
    permits: delivery => this.#permits(delivery),
    taken: started,
    attempted: (delivery, error) => this.#attempted(delivery, error),
    forgotten: endpoint => void this.#lanes.delete(endpoint)
  }
  readonly #hubs = new Map<Hub, () => void>()
  #records = 0
  #bytes = 0
  #bufferedRecords = 0
  #bufferedBytes = 0
  #heldCallback: WriteCallback | undefined
  #finalCallback: WriteCallback | undefined

  /** Throws `SPW_ERR_OPTIONS`. */
  constructor(options: RetryOptions = {}) {
    const complete = retrySettings(options)
    super({ writableHighWaterMark: nodeBuffer })
    this.#options = complete
  }

  /** The account that travels with the deliveries; with deliveries of several streams, one of its own. */
  stats(): Stats {
    return this.#book.stats()
  }

  /** Adopts the delivery at once, so that it is never only in Node's buffer. */
  override write(delivery: unknown, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean {
    if (delivery instanceof Delivery && !this.writableEnded) {
      if (this.destroyed) this.#abandon(delivery)
      else if (this.#isOverrun) return overflow(this, this.#options.queueCapacity, encoding, callback)
      else this.#adopt(delivery)
    }
    return super.write(delivery, encoding as BufferEncoding, callback)
  }

  override end(delivery?: unknown, encoding?: BufferEncoding | (() => void), callback?: () => void): this {
    const last = lastWrite(delivery, encoding, callback)
    if (last.chunk !== undefined) this.write(last.chunk)
    return super.end(last.callback)
  }

  override _write(delivery: unknown, _encoding: BufferEncoding, callback: WriteCallback): void {
    if (!(delivery instanceof Delivery)) {
      return callback(new TypeError('RetryTransform takes what an HttpWritable gives: expected a Delivery.'))
    }
    this.#unbuffer(delivery)
    this.#decide(delivery)
    if (this.full) this.#heldCallback = callback
    else callback()
  }

  override _final(callback: WriteCallback): void {
    this.#finalCallback = callback
    this.#endIfDone()
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    for (const delivery of this.#takeAll()) this.#leave(delivery, 'abandoned')
    this.abandonOutgoing()
    for (const [hub, listener] of this.#hubs) hub.leave(listener)
    const held = this.#heldCallback
    this.#heldCallback = undefined
    callback(error)
    held?.(error ?? new StreamError('SPW_ERR_ABANDONED', 'The stream was destroyed before this delivery was settled.'))
  }

  protected override roomMade(): void {
    if (this.#heldCallback !== undefined && !this.full) {
      process.nextTick(this.#heldCallback)
      this.#heldCallback = undefined
    }
    this.#endIfDone()
  }

  protected override handedOn(delivery: Delivery, to: 'handedBack' | 'abandoned'): void {
    this.#book.leave(delivery, 'retrying', to)
  }

  // While it waited for its slot, or for the end of a hold, its time may have run out.
  #permits(delivery: Delivery): boolean {
    const { maxElapsed } = this.#options
    if (maxElapsed === undefined || performance.now() - (delivery.failedAt ?? Infinity) <= maxElapsed) return true
    this.#giveUp(delivery)
    return false
  }

  #attempted(delivery: Delivery, error: DeliveryError | undefined): void {
    if (error === undefined) this.#leave(delivery, 'delivered')
    else {
      const failed = delivery.failed(error)
      failed.moveTo('retrying')
      this.#decide(failed)
    }
    this.roomMade()
  }

  #adopt(delivery: Delivery): void {
    delivery.holder = this
    this.#book.adopt(delivery, 'retrying')
    this.#buffered.add(delivery)
    this.#bufferedRecords += delivery.count
    this.#bufferedBytes += delivery.bytes
    this.#records += delivery.count
    this.#bytes += delivery.bytes
    const hub = delivery.endpoint?.hub
    if (hub === undefined || this.#hubs.has(hub)) return
    const listener = (): void => this.#drain()
    this.#hubs.set(hub, listener)
    hub.join()
    hub.onDrain(listener)
  }

  #unbuffer(delivery: Delivery): void {
    this.#buffered.delete(delivery)
    this.#bufferedRecords -= delivery.count
    this.#bufferedBytes -= delivery.bytes
  }

  // Whoever pipes into a stream that is being destroyed does not know it yet, and does not keep what it has written.
  #abandon(delivery: Delivery): void {
    delivery.holder = this
    this.#book.adopt(delivery, 'retrying')
    this.#book.leave(delivery, 'retrying', 'abandoned')
    this.settle(delivery, 'abandoned')
  }

  #decide(delivery: Delivery): void {
    const { error, endpoint, count } = delivery
    const splits = error?.splittable === true && count > 1
    const delay = splits ? 0 : nextDelay(delivery, this.#options)
    if (endpoint === undefined || delay === undefined) this.#giveUp(delivery)
    else if (endpoint.hub.draining) this.#giveUp(delivery.failed(shutDown(false)))
    else if (splits) for (const half of delivery.split()) this.#retry(half)
    else this.#schedule.add(delivery, delay)
  }

  #retry(delivery: Delivery): void {
    // The endpoint may have been forgotten while this waited.
    const endpoint = delivery.endpoint!.hub.endpointOf(delivery.target.origin)
    let lane = this.#lanes.get(endpoint)
    if (lane === undefined) {
      lane = new RetryLane(this.#owner, endpoint)
      this.#lanes.set(endpoint, lane)
    }
    lane.push(delivery)
  }

  #giveUp(delivery: Delivery): void {
    this.#forget(delivery)
    delivery.holder = this
    this.hand(delivery)
    if (this.full) this.failIfUnread()
  }

  #leave(delivery: Delivery, outcome: 'delivered' | 'abandoned'): void {
    this.#forget(delivery)
    this.#book.leave(delivery, 'retrying', outcome)
    this.settle(delivery, outcome)
  }

  #forget({ count, bytes }: Delivery): void {
    this.#records -= count
    this.#bytes -= bytes
  }

  // What waits goes on; what is under way comes to `attempted`.
  #drain(): void {
    const isDraining = ({ endpoint }: Delivery): boolean => endpoint!.hub.draining
    const waiting = this.#schedule.remove(isDraining)
    for (const [endpoint, lane] of this.#lanes) {
      if (!endpoint.hub.draining) continue
      for (let next = lane.next(); next !== undefined; next = lane.next()) waiting.push(next)
    }
    for (const delivery of waiting) this.#giveUp(delivery.failed(shutDown(false)))
    this.roomMade()
  }

  #takeAll(): Delivery[] {
    const all = [...this.#buffered, ...this.#schedule.remove(() => true)]
    this.#buffered.clear()
    for (const lane of this.#lanes.values()) {
      for (let next = lane.next(); next !== undefined; next = lane.next()) all.push(next)
    }
    const mine = new Set<unknown>(this.#lanes.values())
    for (const hub of this.#hubs.keys())
      all.push(...hub.abandon(({ work }) => mine.has(work)).map(({ delivery }) => delivery))
    return all
  }

  protected override get full(): boolean {
    const { queueCapacity, queueBytes } = this.#options
    // What stands in Node's buffer is not counted: it waits for this very room.
    const records = this.#records - this.#bufferedRecords + this.outgoingRecords + this.settling.records
    const bytes = this.#bytes - this.#bufferedBytes + this.outgoingBytes + this.settling.bytes
    return records >= queueCapacity || bytes >= queueBytes
  }

  get #isOverrun(): boolean {
    const { queueCapacity } = this.#options
    return this.#buffered.size >= 2 * nodeBuffer && this.writableLength >= 2 * queueCapacity
  }

  #endIfDone(): void {
    if (this.#finalCallback === undefined || this.#records > 0 || this.settling.records > 0) return
    const callback = this.#finalCallback
    this.#finalCallback = undefined
    this.endWhenEmpty(callback)
  }
}

function retrySettings(options: RetryOptions): Complete {
  const { minDelay, maxDelay, ...given } = parseRetryOptions(options)
  if (minDelay !== undefined && maxDelay !== undefined && minDelay > maxDelay) {
    throw new OptionsError(`retry/minDelay must be at most retry/maxDelay, ${maxDelay}, got ${minDelay}`)
  }
  const { minDelay: least, maxDelay: most } = retrySchema.properties
  const longest = maxDelay ?? Math.max(most.default, minDelay ?? 0)
  return { ...given, minDelay: minDelay ?? Math.min(least.default, longest), maxDelay: longest }
}

function started(delivery: Delivery): void {
  delivery.moveTo('inFlight')
  const { account } = delivery
  if (account === undefined) return
  account.attempts++
  account.retries++
}
