import { Account, type Stats } from './account.ts'
import { Delivery } from './delivery.ts'
import { DeliveryDuplex } from './delivery/delivery-duplex.ts'
import { Given } from './delivery/given.ts'
import { lastWrite, nodeLength, overflow, tellOfQueue, type WriteCallback } from './delivery/write.ts'
import { DeliveryError, StreamError } from './errors.ts'
import { shutDown } from './http/failure.ts'
import { Hub } from './http/hub.ts'
import { type BatchRules, Lane, type LaneOwner } from './http/lane.ts'
import { type HttpOptions, type HttpSettings, httpSchema, httpSettings } from './http/options.ts'
import { Requests } from './http/requests.ts'
import type { Target } from './http/target.ts'

export { type HttpOptions, httpSchema }

// Node's buffer in front of the queue: it counts records, not bytes, so it is kept short.
const nodeBuffer = 16
// The held callback is called when so many places are free, not one: 5 % more throughput.
const roomToRelease = 64
// Deliveries that are handed on in one turn of the event loop while draining, so that answers can be read in between.
const drainPortion = 256

/**
 * Sends records by HTTP. Write records into it; its readable side gives the deliveries that it could not deliver, for a
 * `RetryTransform` or a `FailoverWritable`.
 *
 * A record that was accepted is waiting (in a lane), in flight, on its way out (`retrying`, in the outbox), or it is settled.
 * It makes first attempts only. None starts while the outbox is full, so whoever reads slowly slows the source.
 *
 * Longer than most files: the places a record can be in are one state machine, which parts would hide.
 */
export class HttpWritable extends DeliveryDuplex {
  static {
    tellOfQueue(this.prototype, {
      capacity: (stream: HttpWritable) => stream.#settings.queueCapacity,
      length: (stream: HttpWritable) => stream.#account.waiting + nodeLength(stream)
    })
  }

  readonly #account = new Account()
  readonly #owner: LaneOwner = {
    account: this.#account,
    isBlocked: () => this.#isBlocked,
    isFull: () => this.#heldCallback !== undefined || this.full,
    taken: delivery => this.#started(delivery),
    attempted: (delivery, error) => this.#attempted(delivery, error),
    forgotten: ({ origin }) => void this.#lanes.delete(origin)
  }
  readonly #settings: HttpSettings
  readonly #requests: Requests
  readonly #hub: Hub
  /** By origin. */
  readonly #lanes = new Map<string, Lane>()
  readonly #onDrain = (): void => this.#handOver()
  readonly #given = new Given()
  #bytes = 0
  #underWay = 0
  #heldCallback: WriteCallback | undefined
  #finalCallback: WriteCallback | undefined
  #handingOver = false
  /** Whether first attempts wait for the outbox. */
  #stalled = false

  /** Throws `SPW_ERR_OPTIONS`. */
  constructor(options: HttpOptions = {}) {
    const settings = httpSettings(options)
    super({ writableHighWaterMark: nodeBuffer })
    const { rules, timeout, maxResponseBytes, semantics, numWriters, dispatcher, wrapSender, signal, drainTimeout } =
      settings
    this.#settings = settings
    this.#requests = new Requests(settings)
    this.#hub = new Hub({
      slots: numWriters,
      rules: { ...rules, timeout, maxResponseBytes, semantics },
      dispatcher,
      wrapSender,
      signal,
      drainTimeout
    })
    this.#hub.onDrain(this.#onDrain)
    this.#hub.join()
  }

  /** The account of all records that were written to it, wherever they are now. */
  stats(): Stats {
    return this.#account.stats()
  }

  /**
   * No new attempts, first or later. What is under way has `timeout` milliseconds to finish, and is then cut off and goes on
   * as `ambiguous`; all else, and what is still written, goes on as `shutdown`. A second call can shorten the time. The
   * caller ends the source. Throws `SPW_ERR_OPTIONS`.
   */
  drain(timeout: number): void {
    this.#hub.drain(timeout)
  }

  /** How records become requests here, for what stands in front and keeps them as that. @internal */
  get intake(): { readonly requests: Requests; readonly rules: BatchRules; onDrain(listener: () => void): void } {
    const onDrain = (listener: () => void): void => (this.#hub.draining ? listener() : this.#hub.onDrain(listener))
    return { requests: this.#requests, rules: this.#settings, onDrain }
  }

  override write(record: unknown, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean {
    if (this.#isOverrun) return overflow(this, this.#settings.queueCapacity, encoding, callback)
    if (record instanceof Delivery && !this.writableEnded) {
      if (this.destroyed) this.#abandonUnwritten(record)
      else this.#given.add(record)
    }
    return super.write(record, encoding as BufferEncoding, callback)
  }

  override end(record?: unknown, encoding?: BufferEncoding | (() => void), callback?: () => void): this {
    const last = lastWrite(record, encoding, callback)
    if (last.chunk !== undefined) this.write(last.chunk)
    return super.end(last.callback)
  }

  override _write(record: unknown, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.#admit(record)
    this.#admitted(callback)
  }

  override _writev(chunks: Array<{ chunk: unknown }>, callback: WriteCallback): void {
    for (const { chunk } of chunks) this.#admit(chunk)
    this.#admitted(callback)
  }

  override _final(callback: WriteCallback): void {
    this.#finalCallback = callback
    for (const lane of this.#lanes.values()) {
      lane.flush()
      lane.wake()
    }
    this.#handOver()
    this.failIfUnread()
    this.#endIfDone()
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    // What waits first: a slot that comes free would else take it.
    for (const lane of this.#lanes.values()) {
      lane.flush()
      for (let next = lane.next(); next !== undefined; next = lane.next()) this.settle(next, 'abandoned')
    }
    const underWay = this.#hub.abandon(({ work }) => work instanceof Lane)
    for (const { delivery } of underWay) this.settle(delivery, 'abandoned')
    this.#given.abandon(delivery => this.settle(delivery, 'abandoned'))
    this.abandonOutgoing()
    this.#hub.leave(this.#onDrain)
    const held = this.#heldCallback
    this.#heldCallback = undefined
    callback(error)
    // Node then fails the writes that it had buffered.
    held?.(error ?? new StreamError('SPW_ERR_ABANDONED', 'The stream was destroyed before this record was accepted.'))
  }

  // No first attempt starts while what failed cannot go on.
  get #isBlocked(): boolean {
    return this.outgoing >= this.#settings.numWriters
  }

  #started(delivery: Delivery): void {
    delivery.moveTo('inFlight')
    this.#account.attempts++
    this.#underWay++
    this.#release()
  }

  #attempted(delivery: Delivery, error: DeliveryError | undefined): void {
    this.#underWay--
    this.#bytes -= delivery.bytes
    if (error === undefined) this.settle(delivery, 'delivered')
    else this.#handOn(delivery.failed(error))
    this.#release()
    this.#endIfDone()
  }

  protected override roomMade(): void {
    if (this.#hub.draining) this.#handOver()
    if (this.#stalled && !this.#isBlocked) {
      this.#stalled = false
      for (const lane of this.#lanes.values()) lane.wake()
    }
    this.#release()
    this.#endIfDone()
  }

  // Whoever pipes into a stream that is being destroyed does not know it yet, and does not keep what it has written.
  #abandonUnwritten(given: Delivery): void {
    if (given.account === undefined) this.#account.accept('abandoned', given.count)
    this.settle(given, 'abandoned')
  }

  #admit(record: unknown): void {
    try {
      if (record instanceof Delivery) {
        this.#given.taken(record)
        this.#admitDelivery(record)
      } else this.#admitRecord(record)
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error
      this.#refuse(record, error)
    }
  }

  #admitRecord(record: unknown): void {
    const { target, snapshot, bytes } = this.#requests.admit(record)
    const lane = this.#laneOf(target)
    this.#account.accept('waiting', 1)
    this.#bytes += bytes
    // Requests without a body cannot share one.
    if (this.#settings.batchSize > 1 && target.format !== undefined) lane.add(target, snapshot, bytes)
    else lane.push(target, snapshot, bytes)
  }

  // One that was attempted, or was read back from a storage, stays what it is; another may travel in a batch.
  #admitDelivery(given: Delivery): void {
    const target = this.#requests.targetOf(given)
    const lane = this.#laneOf(target)
    // Of the account of whoever gave it in it leaves here.
    given.moveTo('handedBack')
    this.#account.accept('waiting', given.count)
    this.#bytes += given.bytes
    const merges = this.#settings.batchSize > 1 && target.format !== undefined && !given.frozen
    if (merges) lane.addDelivery(given.givenIn(target))
    else lane.pushDelivery(given.givenIn(target))
  }

  #refuse(record: unknown, error: DeliveryError): void {
    const delivery = record instanceof Delivery ? record.givenIn(record.target) : this.#kept(record)
    if (record instanceof Delivery) record.moveTo('handedBack')
    this.#account.accept('waiting', delivery.count)
    delivery.enter(this.#account, undefined, 'waiting')
    this.#handOn(delivery.failed(error))
  }

  #kept(record: unknown): Delivery {
    const { target, snapshot } = this.#requests.refused(record)
    return new Delivery([snapshot], undefined, target)
  }

  #laneOf({ origin }: Target): Lane {
    let lane = this.#lanes.get(origin)
    if (lane === undefined) {
      lane = new Lane(this.#owner, this.#settings, this.#hub.endpointOf(origin))
      this.#lanes.set(origin, lane)
    }
    return lane
  }

  #handOn(delivery: Delivery): void {
    delivery.moveTo('retrying')
    delivery.holder = this
    this.hand(delivery)
    if (this.#isBlocked) this.#stalled = true
    if (this.stuck) this.failIfUnread()
  }

  // Callback at once while there is room, else held: then Node's buffer fills, and the source stops.
  #admitted(callback: WriteCallback): void {
    if (this.#hub.draining) this.#handOver()
    if (!this.full) return callback()
    this.#heldCallback = callback
    this.failIfUnread()
    this.#wakeOpen()
  }

  // Batches that were open for more, whatever their endpoint.
  #wakeOpen(): void {
    if (this.#settings.batchSize === 1) return
    for (const lane of this.#lanes.values()) if (lane.ready) lane.wake()
  }

  #release(): void {
    if (this.#heldCallback === undefined || this.full) return
    const { queueCapacity } = this.#settings
    if (queueCapacity - this.#records < Math.min(roomToRelease, Math.ceil(queueCapacity / 2))) return
    const callback = this.#heldCallback
    this.#heldCallback = undefined
    // Not from within: whatever the source does then, and throws, is no part of what made the room.
    process.nextTick(callback)
  }

  protected override get full(): boolean {
    const { queueCapacity, queueBytes } = this.#settings
    return this.#records >= queueCapacity || this.#bytes + this.settling.bytes + this.outgoingBytes >= queueBytes
  }

  // A source that is held back, or the end, waits for attempts that none can begin.
  protected override get stuck(): boolean {
    const waits = this.#heldCallback !== undefined || this.#finalCallback !== undefined
    return this.full || (waits && this.#isBlocked)
  }

  get #records(): number {
    return this.#account.waiting + this.settling.records + this.outgoingRecords
  }

  // Twice the capacity, and never so little that a writer who heeds write() could get there.
  get #isOverrun(): boolean {
    const { queueCapacity } = this.#settings
    const { waiting } = this.#account
    if (waiting < queueCapacity && this.#heldCallback === undefined) return false
    return waiting + nodeLength(this) >= Math.max(2 * queueCapacity, queueCapacity + 2 * nodeBuffer)
  }

  // Draining: what waits goes on to the storage.
  #handOver(): void {
    if (this.#handingOver || !this.#hub.draining) return
    this.#handingOver = true
    setImmediate(() => {
      this.#handingOver = false
      if (!this.destroyed) this.#handOverPortion()
    })
  }

  #handOverPortion(): void {
    let left = drainPortion
    for (const lane of this.#lanes.values()) {
      while (left > 0 && !this.#isBlocked) {
        const delivery = lane.next()
        if (delivery === undefined) break
        left--
        this.#bytes -= delivery.bytes
        this.#handOn(delivery.failed(shutDown(false)))
      }
    }
    if (this.#account.waiting > 0 && !this.#isBlocked) this.#handOver()
    this.#release()
    this.#endIfDone()
  }

  #endIfDone(): void {
    if (this.#finalCallback === undefined || this.#account.waiting > 0 || this.#underWay > 0) return
    if (this.settling.records > 0) return
    const callback = this.#finalCallback
    this.#finalCallback = undefined
    this.endWhenEmpty(callback)
  }
}
