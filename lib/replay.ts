import { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { Delivery } from './delivery.ts'
import type { Outcome } from './delivery/settlement.ts'
import { checkTimes, filterSchema, type Filter } from './storage/filter.ts'
import { longestTimer } from './longest-timer.ts'
import { optionsParser } from './options.ts'
import { GroupedRemoval } from './storage/grouped-removal.ts'
import { recordsOf } from './storage/envelope.ts'
import { storageFrom } from './storage/registry.ts'
import type { StorageOptions } from './storage/storage-options.ts'
import type { Entry, Storage } from './storage/storage.ts'

/** What `replay()` takes beside a storage. */
export interface ReplayRules {
  /** Which deliveries. Refused ones are given only when `outcome` asks for them. @default all but refused ones */
  filter?: Filter
  /** Deliveries at most. @default all */
  limit?: number
  /** Records a second at most. @default as fast as they are taken */
  rate?: number
}

/** The options of `replay()`. */
export type ReplayOptions = StorageOptions & ReplayRules

/** What became of what a replay has given, in records. `given = outstanding + delivered + stored + abandoned`. */
export interface ReplayStats extends Record<Outcome, number> {
  given: number
  /** Given and not settled. */
  outstanding: number
  /** Left where they are, because the endpoint asked not to be sent them yet. */
  notDue: number
}

export const replaySchema = {
  type: 'object',
  properties: {
    storage: {},
    filter: { ...filterSchema, default: {} },
    limit: { type: 'integer', minimum: 1 },
    rate: { type: 'number', exclusiveMinimum: 0, unit: 'records/s' }
  },
  // What else is there are the storage's own options, which its own schema checks.
  additionalProperties: true
} as const

const parseOptions = optionsParser<ReplayOptions & { filter: Filter }>('replay', replaySchema)

/**
 * The deliveries that a storage holds, oldest first, to pipe into an `HttpWritable`. One that is delivered, or stored anew, is
 * removed from the storage; one that is not settled, because the process died say, is given by the next replay.
 *
 * Throws `SPW_ERR_OPTIONS`. Takes a `Storage` too, which is then the caller's to close.
 */
export function replay(options: ReplayOptions | Storage): Replay {
  return new Replay(isStorage(options) ? { storage: options } : options)
}

/** What `replay()` gives. */
export class Replay extends Readable {
  readonly #storage: Storage
  readonly #isOwn: boolean
  readonly #entries: AsyncIterator<Entry>
  readonly #removal: GroupedRemoval
  /** In Node's buffer: given to nobody yet. */
  readonly #buffered = new Set<Delivery>()
  readonly #outstanding = new Map<Delivery, Entry>()
  readonly #rate: number
  readonly #closed: Promise<void>
  readonly #abort = new AbortController()
  readonly #stats: ReplayStats = { given: 0, outstanding: 0, notDue: 0, delivered: 0, stored: 0, abandoned: 0 }
  #left: number
  #nextAt = 0
  #over: (() => void) | undefined
  #settledOnce: Promise<void> | undefined

  constructor(options: ReplayOptions) {
    const { filter, limit, rate, ...storage } = parseOptions(options)
    // A storage reads it when it is read itself.
    checkTimes(filter, 'replay/filter')
    super({ objectMode: true, highWaterMark: 16 })
    this.#storage = storageFrom(storage)
    this.#isOwn = typeof storage.storage === 'string'
    this.#left = limit ?? Infinity
    this.#rate = rate ?? Infinity
    this.#removal = new GroupedRemoval(this.#storage)
    const { signal } = this.#abort
    const meant = { outcome: ['exhausted', 'ambiguous', 'shutdown'] as const, ...filter }
    this.#entries = this.#storage.read({ filter: meant, claim: true, signal })[Symbol.asyncIterator]()
    this.#closed = new Promise(resolve => this.once('close', resolve))
  }

  stats(): ReplayStats {
    return { ...this.#stats }
  }

  /** Resolves when all that was given is settled and the storage, if it was opened here, is closed. */
  settled(): Promise<void> {
    return (this.#settledOnce ??= this.#settle())
  }

  /** Gives nothing more, and ends; what was given goes on. */
  stop(): void {
    this.#left = 0
    this.#abort.abort()
  }

  override _read(): void {
    this.#next().then(
      delivery => this.#give(delivery),
      (error: Error) => this.destroy(error)
    )
  }

  // `any`, as Node's types have it: with less, pipeline() does not take the stream.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  override read(size?: number): any {
    // Node's own goes on giving what is in its buffer, which is settled as abandoned by now.
    if (this.destroyed) return null
    const delivery = super.read(size) as Delivery | null
    if (delivery !== null) this.#buffered.delete(delivery)
    return delivery
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#abort.abort()
    // The rest is settled by those who have it, and the storage is closed after the last.
    for (const delivery of this.#buffered) void delivery.settle('abandoned')
    this.#buffered.clear()
    // Whoever asks for it is told when it fails.
    this.settled().catch(() => undefined)
    Promise.resolve(this.#entries.return?.()).then(
      () => callback(error),
      (failure: Error) => callback(error ?? failure)
    )
  }

  #give(delivery: Delivery | null): void {
    if (delivery === null) return void this.push(null)
    if (this.destroyed) return void delivery.settle('abandoned')
    const before = this.readableLength
    this.#buffered.add(delivery)
    this.push(delivery)
    // A consumer that flows has it already.
    if (this.readableLength === before) this.#buffered.delete(delivery)
  }

  async #settle(): Promise<void> {
    await this.#closed
    if (this.#outstanding.size > 0) await new Promise<void>(resolve => (this.#over = resolve))
    await this.#removal.idle()
    if (this.#isOwn) await this.#storage.close()
  }

  async #next(): Promise<Delivery | null> {
    while (this.#left > 0) {
      const next = await this.#entries.next()
      if (next.done === true) return null
      const entry = next.value
      if ((entry.envelope.notBefore ?? 0) > Date.now()) this.#leave(entry)
      else return this.#given(entry)
    }
    return null
  }

  async #given(entry: Entry): Promise<Delivery> {
    const delivery = deliveryOf(entry)
    this.#left--
    this.#outstanding.set(delivery, entry)
    delivery.onSettled(outcome => this.#settled(delivery, outcome))
    this.#stats.given += delivery.count
    this.#stats.outstanding += delivery.count
    if (this.#rate < Infinity) await this.#pace(delivery.count)
    return delivery
  }

  #leave(entry: Entry): void {
    this.#stats.notDue += entry.envelope.records.length
    entry.release?.()
  }

  async #settled(delivery: Delivery, outcome: Outcome): Promise<void> {
    const entry = this.#outstanding.get(delivery)!
    try {
      if (outcome === 'abandoned') entry.release?.()
      else await this.#removal.remove(entry)
      this.#stats.outstanding -= delivery.count
      this.#stats[outcome] += delivery.count
    } finally {
      // One that cannot be removed makes the stream that has it fail. It must not be waited for after that.
      this.#outstanding.delete(delivery)
      if (this.#outstanding.size === 0) this.#over?.()
    }
  }

  async #pace(records: number): Promise<void> {
    const now = performance.now()
    const wait = this.#nextAt - now
    this.#nextAt = Math.max(this.#nextAt, now) + (records * 1000) / this.#rate
    if (wait <= 0) return
    await setTimeout(Math.min(wait, longestTimer), undefined, { signal: this.#abort.signal }).catch(() => undefined)
  }
}

function deliveryOf({ id, version, envelope }: Entry): Delivery {
  const { method, url, headers, acceptedAt, attempts, firstError } = envelope
  return new Delivery(recordsOf(envelope), {
    id,
    version,
    method,
    url,
    headers,
    acceptedAt,
    priorAttempts: attempts,
    firstError
  })
}

function isStorage(value: ReplayOptions | Storage): value is Storage {
  return typeof (value as Partial<Storage>).append === 'function'
}
