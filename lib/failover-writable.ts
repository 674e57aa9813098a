import { Writable } from 'node:stream'
import type { Stats } from './account.ts'
import { Delivery } from './delivery.ts'
import { Book } from './delivery/book.ts'
import { Fifo } from './delivery/fifo.ts'
import { refuseChain } from './delivery/refuse-chain.ts'
import { Settling } from './delivery/settling.ts'
import { lastWrite, overflow, tellOfQueue, type WriteCallback } from './delivery/write.ts'
import { publish } from './diagnostics.ts'
import { StreamError } from './errors.ts'
import { optionsParser } from './options.ts'
import { storageFrom } from './storage/registry.ts'
import { MovingBack } from './storage/moving-back.ts'
import { refusedHalves } from './storage/refused-halves.ts'
import { refuseSharedFallback } from './storage/shared-place.ts'
import { StorageChain } from './storage/storage-chain.ts'
import type { StorageOptions } from './storage/storage-options.ts'
import { storesIn } from './storage/streams-in-use.ts'
import type { Storage } from './storage/storage.ts'

/** What `FailoverWritable` takes beside a storage. */
export interface FailoverRules {
  /** Deliveries in one append at most. @default 1_000 */
  batchSize?: number
  /** Whether the storage is opened at the start, so that the stream fails early. @default false */
  eager?: boolean
  /** A second storage, in another place, for what the first does not take; it may have a `fallback` itself. */
  fallback?: FallbackOptions
  /** Whether what a `fallback` holds is brought back into the first storage once that takes it again. @default true */
  moveBack?: boolean
}

/** The options of `FailoverWritable`: the section `failover`. */
export type FailoverOptions = StorageOptions & FailoverRules

/** A storage for what another one does not take. */
export type FallbackOptions = StorageOptions & Pick<FailoverRules, 'fallback'>

export const failoverSchema = {
  type: 'object',
  properties: {
    storage: {},
    batchSize: { type: 'integer', minimum: 1, maximum: 100_000, default: 1_000 },
    eager: { type: 'boolean', default: false },
    fallback: { type: 'object' },
    moveBack: { type: 'boolean', default: true }
  },
  // What else is there are the storage's own options, which its own schema checks.
  additionalProperties: true
} as const

interface Waiting {
  readonly delivery: Delivery
  readonly callback: WriteCallback | undefined
}

const parseOptions = optionsParser<FailoverOptions & { batchSize: number; eager: boolean; moveBack: boolean }>(
  'failover',
  failoverSchema
)
const nodeBuffer = 16
const queueBytes = 16 * 1024 * 1024
// While one append waits for the disk or the network the next one can be made.
const appendsAtOnce = 2

/**
 * Puts the deliveries that reach it into a storage. A write's callback runs once its delivery is durable, so that a producer
 * may rely on it; many writes share one append.
 *
 * A delivery that was written to it is in the queue, in an append, or settled as `stored`.
 *
 * Longer than most files: the places a record can be in are one state machine, which parts would hide.
 */
export class FailoverWritable extends Writable {
  static {
    tellOfQueue(this.prototype, {
      capacity: (stream: FailoverWritable) => stream.#capacity,
      length: (stream: FailoverWritable) => stream.#queue.length
    })
  }

  readonly #batchSize: number
  readonly #chain: StorageChain
  readonly #storages: readonly Storage[]
  /** Made here, so closed here. */
  readonly #own: readonly Storage[]
  readonly #book = new Book()
  readonly #queue = new Fifo<Waiting>()
  readonly #appends = new Set<Promise<void>>()
  readonly #settling = new Settling()
  readonly #movingBack: MovingBack | undefined
  readonly #closed: Promise<void>
  #queuedBytes = 0
  #scheduled = false
  #heldCallback: WriteCallback | undefined
  #finalCallback: WriteCallback | undefined

  /** Throws `SPW_ERR_OPTIONS`. */
  constructor(options: FailoverOptions) {
    const { batchSize, eager, fallback, moveBack, ...first } = parseOptions(options)
    refuseSharedFallback({ ...first, fallback })
    const chain = chained(first, fallback)
    super({ objectMode: true, highWaterMark: nodeBuffer })
    storesIn(this, { ...first, fallback })
    this.#batchSize = batchSize
    this.#storages = chain.map(({ storage }) => storage)
    this.#own = chain.filter(({ own }) => own).map(({ storage }) => storage)
    this.#chain = new StorageChain(this.#storages, {
      passedOver: ({ code, message }) =>
        publish('spillway:storage-passed-over', { code, message }, `A storage fails, the fallback is used: ${message}`),
      stalled: ({ code, message }) =>
        publish(
          'spillway:storage-stalled',
          { code, message },
          `The storage takes nothing, the source waits: ${message}`
        ),
      resumed: () => publish('spillway:storage-resumed', {})
    })
    if (moveBack && chain.length > 1) {
      this.#movingBack = new MovingBack(this.#storages, entries => publish('spillway:storage-moved-back', { entries }))
    }
    this.#closed = new Promise(resolve => this.once('close', resolve))
    refuseChain(this)
    if (eager) this.#open()
  }

  /** The account that travels with the deliveries; with deliveries of several streams, one of its own. */
  stats(): Stats {
    return this.#book.stats()
  }

  /** Resolves when the stream is closed and every settle hook has come back. `pipeline()` can reject before that. */
  async settled(): Promise<void> {
    await this.#closed
    await this.#settling.idle()
  }

  /** Ends and waits until everything is stored, for `await using`; Node's own would destroy. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.writableEnded && !this.destroyed) this.end()
    await this.settled()
  }

  /** Adopts the delivery at once, so that it is never only in Node's buffer. */
  override write(delivery: unknown, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean {
    if (!(delivery instanceof Delivery) || this.writableEnded || this.destroyed) {
      if (delivery instanceof Delivery && !this.writableEnded) this.#abandonUnwritten(delivery)
      return super.write(delivery, encoding as BufferEncoding, callback)
    }
    if (this.#isOverrun) return overflow(this, this.#capacity, encoding, callback)
    const told = typeof encoding === 'function' ? encoding : callback
    delivery.holder = this
    this.#book.adopt(delivery, 'storing')
    this.#queue.push({ delivery, callback: told })
    this.#queuedBytes += delivery.bytes
    this.#schedule()
    return super.write(delivery)
  }

  override end(delivery?: unknown, encoding?: BufferEncoding | (() => void), callback?: () => void): this {
    const last = lastWrite(delivery, encoding, callback)
    if (last.chunk !== undefined) this.write(last.chunk)
    return super.end(last.callback)
  }

  /** The delivery is in the queue already: this only holds the source back. */
  override _write(delivery: unknown, _encoding: BufferEncoding, callback: WriteCallback): void {
    if (!(delivery instanceof Delivery)) {
      return callback(new TypeError('FailoverWritable takes what an HttpWritable gives: expected a Delivery.'))
    }
    if (this.#isFull) this.#heldCallback = callback
    else callback()
  }

  override _final(callback: WriteCallback): void {
    this.#finalCallback = callback
    this.#endIfDone()
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    this.#chain.stop()
    const reason = error ?? new StreamError('SPW_ERR_ABANDONED', 'The stream was destroyed before this was stored.')
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#abandon(next, reason)
    const held = this.#heldCallback
    this.#heldCallback = undefined
    // What an append that is under way says still counts.
    void Promise.all(this.#appends)
      .then(() => this.#close())
      .then(
        () => callback(error),
        (closing: Error) => callback(error ?? closing)
      )
      .then(() => held?.(reason))
  }

  get #capacity(): number {
    return 2 * this.#batchSize
  }

  get #isFull(): boolean {
    const waiting = this.#queue.length + this.#settling.records
    return waiting >= this.#capacity || this.#queuedBytes + this.#settling.bytes >= queueBytes
  }

  // Twice the capacity, and never so little that a writer who heeds write() could get there.
  get #isOverrun(): boolean {
    return this.#queue.length >= Math.max(2 * this.#capacity, this.#capacity + 2 * nodeBuffer)
  }

  // What is written in one turn of the event loop goes in one append.
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#appendNext()
    })
  }

  #appendNext(): void {
    while (this.#queue.length > 0 && this.#appends.size < appendsAtOnce && !this.destroyed) {
      const append = this.#append(this.#nextGroup()).finally(() => {
        this.#appends.delete(append)
        this.#appendNext()
        this.#endIfDone()
      })
      this.#appends.add(append)
    }
    this.#release()
  }

  #nextGroup(): Waiting[] {
    const group: Waiting[] = []
    for (let bytes = 0; group.length < this.#batchSize && bytes < queueBytes;) {
      const next = this.#queue.shift()
      if (next === undefined) break
      bytes += next.delivery.bytes
      this.#queuedBytes -= next.delivery.bytes
      group.push(next)
    }
    return group
  }

  async #append(group: readonly Waiting[]): Promise<void> {
    try {
      const storage = await this.#chain.append(group.map(({ delivery }) => delivery))
      for (const stored of group) this.#leave(stored, storage.durable === false ? 'abandoned' : 'stored')
      this.#movingBack?.took(storage)
    } catch (error) {
      const halves = refusedHalves(group, error)
      if (halves === undefined) return this.#fail(group, error as Error)
      for (const half of halves) await this.#append(half)
    }
  }

  #fail(group: readonly Waiting[], error: Error): void {
    for (const waiting of group) this.#abandon(waiting, error)
    this.destroy(error)
  }

  #leave({ delivery, callback }: Waiting, outcome: 'stored' | 'abandoned'): void {
    this.#settle(delivery, outcome)
    // Not from within: what a callback throws is no failure of the storage.
    if (callback !== undefined) process.nextTick(callback)
  }

  #abandon({ delivery, callback }: Waiting, error: Error): void {
    this.#settle(delivery, 'abandoned')
    if (callback !== undefined) process.nextTick(callback, error)
  }

  // Whoever pipes into a stream that is being destroyed does not know it yet, and does not keep what it has written.
  #abandonUnwritten(delivery: Delivery): void {
    delivery.holder = this
    this.#book.adopt(delivery, 'storing')
    this.#settle(delivery, 'abandoned')
  }

  #settle(delivery: Delivery, outcome: 'stored' | 'abandoned'): void {
    const left = (): void => this.#book.leave(delivery, 'storing', outcome)
    const pending = delivery.settle(outcome)
    if (pending === undefined) return left()
    this.#settling.add(pending, 1, delivery.bytes, cause => {
      if (cause !== undefined) this.destroy(new StreamError('SPW_ERR_SETTLE', 'A settle hook failed.', { cause }))
      else left()
      this.#release()
      this.#endIfDone()
    })
  }

  #release(): void {
    if (this.#heldCallback === undefined || this.#isFull || this.destroyed) return
    process.nextTick(this.#heldCallback)
    this.#heldCallback = undefined
  }

  #endIfDone(): void {
    if (this.#finalCallback === undefined || this.destroyed) return
    if (this.#queue.length > 0 || this.#appends.size > 0 || this.#settling.records > 0) return
    const callback = this.#finalCallback
    this.#finalCallback = undefined
    callback()
  }

  #open(): void {
    Promise.all(this.#storages.map(storage => storage.open())).catch((error: Error) => this.destroy(error))
  }

  async #close(): Promise<void> {
    await this.#movingBack?.stop()
    await Promise.all(this.#own.map(storage => storage.close()))
  }
}

function chained(
  first: StorageOptions,
  fallback: FallbackOptions | undefined
): Array<{ storage: Storage; own: boolean }> {
  const made = { storage: storageFrom(first), own: typeof first.storage === 'string' }
  if (fallback === undefined) return [made]
  const { fallback: next, ...options } = fallback
  return [made, ...chained(options, next)]
}
