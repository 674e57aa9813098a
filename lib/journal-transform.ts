import type { Duplex } from 'node:stream'
import { Account, type Stats } from './account.ts'
import { Delivery } from './delivery.ts'
import { DeliveryDuplex } from './delivery/delivery-duplex.ts'
import { type Outcome } from './delivery/settlement.ts'
import { lastWrite, overflow, tellOfQueue, type WriteCallback } from './delivery/write.ts'
import { StreamError } from './errors.ts'
import { HttpWritable } from './http-writable.ts'
import { Appends } from './journal/appends.ts'
import { journalStorage } from './journal/journal-storage.ts'
import { Keeper } from './journal/keeper.ts'
import { KeptRecord } from './journal/kept-record.ts'
import { type JournalOptions, type JournalSettings, journalSettings } from './journal/options.ts'
import { Outstanding } from './journal/outstanding.ts'
import { Recovery } from './journal/recovery.ts'
import { type Load, WaitingList } from './journal/waiting-list.ts'
import type { Entry, Storage } from './storage/storage.ts'
import { journalsIn } from './storage/streams-in-use.ts'

export { type JournalOptions, type JournalRules, journalSchema } from './journal/options.ts'

const nodeBuffer = 16
// The held callback is called when so many places are free, so that as many share a write and a sync.
const roomToRelease = 1_000
// Records that may wait for the HttpWritable to take them.
const mostOutgoing = 1_000

/** What there is once it is known where the records go. */
interface Line {
  readonly http: HttpWritable
  readonly waiting: WaitingList
  readonly appends: Appends
  readonly recovery: Recovery
}

/**
 * Keeps records in a storage until they are settled. It stands in front of an `HttpWritable`, from which it learns how a
 * record becomes a request: `pipeline(source, journal, http, retry, failover)`.
 *
 * A `write()` calls back once its record is durable. The record is forgotten when it is delivered or stored, and kept when it
 * is abandoned. What an earlier process left goes out first, oldest first. A `Delivery` that is written to it passes: whoever
 * gave it in keeps it. A record that cannot be sent, or that the storage refuses, passes too, and its callback runs once it
 * is settled.
 *
 * A record that was accepted waits to be journaled, is in an append, or is on its way out; then it is in the account of the
 * `HttpWritable`.
 *
 * Longer than most files: it is a whole Duplex, with what it holds back, its end and its destruction. What it does with records
 * stands in files of their own.
 */
export class JournalTransform extends DeliveryDuplex {
  static {
    tellOfQueue(this.prototype, {
      capacity: (stream: JournalTransform) => stream.#settings.queueCapacity,
      length: (stream: JournalTransform) => stream.#records
    })
  }

  readonly #settings: JournalSettings
  readonly #storage: Storage
  readonly #isOwn: boolean
  readonly #keeper: Keeper
  readonly #outstanding: Outstanding
  readonly #account = new Account()
  #line: Line | undefined
  #heldCallback: WriteCallback | undefined
  #finalCallback: WriteCallback | undefined
  #settledOnce: Promise<void> | undefined

  /** Throws `SPW_ERR_OPTIONS`. */
  constructor(options: JournalOptions) {
    const settings = journalSettings(options)
    const storage = journalStorage(settings.storage)
    super({ writableHighWaterMark: nodeBuffer })
    journalsIn(this, settings.storage)
    this.#settings = settings
    this.#storage = storage
    this.#isOwn = typeof settings.storage.storage === 'string'
    this.#keeper = new Keeper(storage, settings, error => this.destroy(error))
    this.#outstanding = new Outstanding(this.#keeper)
  }

  /** The account of all records that were written to it or read back by it, wherever they are now. */
  stats(): Stats {
    const { waiting, abandoned } = this.#account
    const stats = this.#line?.http.stats() ?? new Account().stats()
    return {
      ...stats,
      accepted: stats.accepted + waiting + abandoned,
      waiting: stats.waiting + waiting,
      abandoned: stats.abandoned + abandoned
    }
  }

  /**
   * Records that were abandoned and are in the journal still, and once it is destroyed those too that nobody has settled yet: the
   * next start gives them again.
   */
  get kept(): number {
    const { kept, records } = this.#outstanding
    return kept + (this.destroyed ? records : 0)
  }

  /**
   * Records that somebody else keeps, a place in a file, and that are neither delivered nor stored.
   * @internal
   */
  get keptElsewhere(): number {
    return this.#line?.waiting.elsewhere ?? 0
  }

  /** Resolves when the stream is closed, every record is settled and the storage, if it was made here, is closed. */
  override settled(): Promise<void> {
    return (this.#settledOnce ??= this.#settle())
  }

  /** Only into an `HttpWritable`, which says how records become requests. Reads what was left, and gives it first. */
  override pipe<T extends NodeJS.WritableStream>(destination: T, options?: { end?: boolean }): T {
    if (!(destination instanceof HttpWritable)) {
      const message = 'A JournalTransform must be piped into an HttpWritable: pipeline(source, journal, http, …).'
      throw new StreamError('SPW_ERR_NO_READER', message)
    }
    this.#line ??= this.#lineInto(destination)
    return super.pipe(destination, options)
  }

  override write(record: unknown, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean {
    if (this.#isOverrun) return overflow(this, this.#settings.queueCapacity, encoding, callback)
    if (record === null || this.#line === undefined || this.writableEnded || this.destroyed) {
      if (!this.writableEnded) abandonUnwritten(record)
      return super.write(record, encoding as BufferEncoding, callback)
    }
    this.#line.waiting.take(record, typeof encoding === 'function' ? encoding : callback)
    this.#line.appends.schedule()
    return super.write(record)
  }

  override end(record?: unknown, encoding?: BufferEncoding | (() => void), callback?: () => void): this {
    const last = lastWrite(record, encoding, callback)
    if (last.chunk !== undefined) this.write(last.chunk)
    return super.end(last.callback)
  }

  /** The record was taken already: this only holds the source back. */
  override _write(_record: unknown, _encoding: BufferEncoding, callback: WriteCallback): void {
    if (this.#line === undefined) {
      const message = 'A JournalTransform must be piped into an HttpWritable before it is written to.'
      return callback(new StreamError('SPW_ERR_NO_READER', message))
    }
    if (this.full) this.#heldCallback = callback
    else callback()
  }

  override _final(callback: WriteCallback): void {
    this.#finalCallback = callback
    this.#endIfDone()
  }

  /** Once it has ended, this ends the waiting for a storage that takes nothing. */
  override destroy(error?: Error): this {
    if (this.destroyed) this.#keeper.stop()
    return super.destroy(error)
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    // What is still on its way after the end is forgotten with the same patience.
    if (!hasEnded(this)) this.#keeper.stop()
    this.#line?.recovery.stop()
    const appended = this.#line?.appends.stop()
    const reason = error ?? new StreamError('SPW_ERR_ABANDONED', 'The stream was destroyed before this was journaled.')
    this.#abandonWaiting(reason)
    this.abandonOutgoing()
    const held = this.#heldCallback
    this.#heldCallback = undefined
    // Whoever asks for it is told when it fails.
    this.settled().catch(() => undefined)
    // What an append that is under way says still counts.
    void Promise.resolve(appended).then(() => {
      callback(error)
      held?.(reason)
    })
  }

  protected override get full(): boolean {
    const { queueCapacity, queueBytes } = this.#settings
    if (this.#records >= queueCapacity || this.#bytes >= queueBytes) return true
    // What could go on waits in the queue behind, which has its own capacity.
    return (this.#line?.waiting.passing ?? 0) + this.outgoingRecords >= this.#mostOutgoing
  }

  get #mostOutgoing(): number {
    return Math.min(mostOutgoing, this.#line?.http.writableHighWaterMark ?? 0)
  }

  protected override roomMade(): void {
    this.#line?.recovery.roomMade()
    this.#release()
    this.#endIfDone()
  }

  get #records(): number {
    const { waiting, appends } = this.#line ?? {}
    return (waiting?.records ?? 0) + (appends?.records ?? 0) + this.outgoingRecords
  }

  get #bytes(): number {
    const { waiting, appends } = this.#line ?? {}
    return (waiting?.bytes ?? 0) + (appends?.bytes ?? 0) + this.outgoingBytes
  }

  // Twice the capacity, and never so little that a writer who heeds write() could get there.
  get #isOverrun(): boolean {
    const { queueCapacity } = this.#settings
    return this.#records >= Math.max(2 * queueCapacity, queueCapacity + 2 * nodeBuffer)
  }

  #lineInto(http: HttpWritable): Line {
    const { intake } = http
    const waiting = new WaitingList(intake, this.#account)
    const appends = new Appends(waiting, this.#keeper, {
      durable: (load, entry) => this.#durable(load, entry),
      passed: load => this.#pass(load),
      failed: (loads, error) => this.#fail(loads, error),
      rested: () => this.#endIfDone()
    })
    const { batchSize } = intake.rules
    // What is new waits for what was left, so that must not wait for it.
    const hasRoom = (): boolean =>
      this.outgoingRecords < this.#mostOutgoing && this.outgoingBytes < this.#settings.queueBytes
    const recovery = new Recovery(this.#keeper, hasRoom)
    // What is left stays where it is: it was durable before this process began.
    intake.onDrain(() => {
      recovery.stop()
      appends.drain()
    })
    http.once('close', () => {
      if (!hasEnded(http)) this.#keeper.stop()
    })
    recovery
      .run(entry => this.#giveLeft(entry, batchSize))
      .then(
        () => {
          appends.begin()
          this.#endIfDone()
        },
        (error: Error) => this.destroy(error)
      )
    return { http, waiting, appends, recovery }
  }

  #giveLeft(entry: Entry, batchSize: number): void {
    for (const delivery of this.#outstanding.addLeft(entry, batchSize)) {
      this.#account.accept('waiting', delivery.count)
      delivery.enter(this.#account, undefined, 'waiting')
      this.hand(delivery)
    }
  }

  #durable({ delivery, told }: Load, entry: Entry): void {
    this.#outstanding.add(entry, delivery)
    tellAll(told)
    this.#giveOn(delivery)
  }

  // Nothing that is journaled here: so nothing but its end can be told.
  #pass({ delivery, told }: Load): void {
    if (told.length > 0) delivery.onSettled(outcome => tellAll(told, errorOf(outcome)))
    this.#giveOn(delivery)
  }

  #giveOn(delivery: Delivery): void {
    if (this.destroyed) this.settle(delivery, 'abandoned')
    else this.hand(delivery)
  }

  #fail(loads: readonly Load[], error: Error): void {
    for (const { delivery, told } of loads) {
      this.settle(delivery, 'abandoned')
      tellAll(told, error)
    }
    this.destroy(error)
  }

  #abandonWaiting(reason: Error): void {
    const waiting = this.#line?.waiting
    for (let load = waiting?.shift(); load !== undefined; load = waiting?.shift()) {
      this.settle(load.delivery, 'abandoned')
      tellAll(load.told, reason)
    }
  }

  #release(): void {
    if (this.#heldCallback === undefined || this.full || this.destroyed) return
    const { queueCapacity } = this.#settings
    if (queueCapacity - this.#records < Math.min(roomToRelease, Math.ceil(queueCapacity / 2))) return
    if (this.outgoingRecords > this.#mostOutgoing / 2) return
    process.nextTick(this.#heldCallback)
    this.#heldCallback = undefined
  }

  #endIfDone(): void {
    if (this.#finalCallback === undefined || this.destroyed) return
    if (this.#line !== undefined && (!this.#line.recovery.isOver || this.#records > 0)) return
    const callback = this.#finalCallback
    this.#finalCallback = undefined
    this.endWhenEmpty(callback)
  }

  async #settle(): Promise<void> {
    await super.settled()
    await this.#outstanding.over()
    await this.#keeper.idle()
    if (this.#isOwn) await this.#storage.close()
  }
}

/** Whether it came to its end, so that nobody destroyed it before. */
const hasEnded = ({ writableFinished, readableEnded }: Duplex): boolean => writableFinished && readableEnded

function tellAll(callbacks: readonly WriteCallback[], error?: Error): void {
  for (const callback of callbacks) process.nextTick(callback, error)
}

function errorOf(outcome: Outcome): Error | undefined {
  if (outcome !== 'abandoned') return undefined
  return new StreamError('SPW_ERR_ABANDONED', 'The stream was destroyed before this record was settled.')
}

// Whoever pipes into a stream that is being destroyed does not know it yet. A hook that fails cannot do more to it.
function abandonUnwritten(given: unknown): void {
  if (given instanceof Delivery) given.settle('abandoned')?.catch(() => undefined)
  if (given instanceof KeptRecord) given.settled('abandoned')
}
