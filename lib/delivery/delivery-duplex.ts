import { Duplex, type DuplexOptions } from 'node:stream'
import { StreamError } from '../errors.ts'
import type { Delivery } from '../delivery.ts'
import { Fifo } from './fifo.ts'
import { refuseChain } from './refuse-chain.ts'
import type { Outcome } from './settlement.ts'
import { Settling } from './settling.ts'

// Milliseconds in which somebody may yet begin to read.
const patience = 100

/**
 * A Duplex whose readable side gives failed deliveries. It has an outbox of its own in front of Node's buffer, which is kept
 * at nothing: what stands in either is still this stream's, and is in the account.
 */
export abstract class DeliveryDuplex extends Duplex {
  readonly #outbox = new Fifo<Delivery>()
  /** In Node's buffer. */
  readonly #offered = new Set<Delivery>()
  readonly #settling = new Settling()
  readonly #closed: Promise<void>
  #outgoingRecords = 0
  #outgoingBytes = 0
  #wanted = false
  #offering = false
  #wasRead = false
  #looking = false
  #endCallback: ((error?: Error) => void) | undefined

  constructor(options: DuplexOptions) {
    super({ objectMode: true, readableHighWaterMark: 0, ...options })
    this.#closed = new Promise(resolve => this.once('close', resolve))
    refuseChain(this)
  }

  /** Room was made: something left the outbox, or was settled. */
  protected abstract roomMade(): void

  /** Whether it has as much as it may have. */
  protected abstract get full(): boolean

  /** Whether it takes nothing more, or never ends, unless somebody reads. */
  protected get stuck(): boolean {
    return this.full
  }

  /** A delivery that was on its way out is with whoever reads, or is given up because the stream is destroyed. */
  protected handedOn(_delivery: Delivery, _to: 'handedBack' | 'abandoned'): void {}

  /** Deliveries that are on their way out. */
  protected get outgoing(): number {
    return this.#outbox.length + this.#offered.size
  }

  protected get outgoingRecords(): number {
    return this.#outgoingRecords
  }

  protected get outgoingBytes(): number {
    return this.#outgoingBytes
  }

  protected get settling(): Settling {
    return this.#settling
  }

  /** Gives a failed delivery to whoever reads. */
  protected hand(delivery: Delivery): void {
    this.#outbox.push(delivery)
    this.#outgoingRecords += delivery.count
    this.#outgoingBytes += delivery.bytes
    this.#offer()
  }

  /** Settles a delivery; when its hooks fail the stream errors, and the record stays what it was. */
  protected settle(delivery: Delivery, outcome: Outcome): void {
    const pending = delivery.settle(outcome)
    if (pending === undefined) return
    this.#settling.add(pending, delivery.count, delivery.bytes, cause => {
      if (cause !== undefined) this.destroy(new StreamError('SPW_ERR_SETTLE', 'A settle hook failed.', { cause }))
      else this.roomMade()
    })
  }

  /** Ends the readable side once everything is out, and then calls back. */
  protected endWhenEmpty(callback: (error?: Error) => void): void {
    this.#endCallback = callback
    this.#endIfEmpty()
    this.failIfUnread()
  }

  /** Destroys the stream when it is stuck, or at its end, and has what nobody ever asked for. Not at once. */
  protected failIfUnread(): void {
    if (!this.#isUnread || this.#looking) return
    this.#looking = true
    setTimeout(() => this.#failIfUnread(), patience)
  }

  #failIfUnread(): void {
    this.#looking = false
    if (!this.#isUnread || this.destroyed) return
    if (!this.stuck && this.#endCallback === undefined) return
    const first = this.#outbox.peek() ?? this.#offered.values().next().value
    const message = 'A delivery failed and nothing reads the failed deliveries: pipe this into a FailoverWritable.'
    this.destroy(new StreamError('SPW_ERR_NO_READER', message, { cause: first?.error }))
  }

  // A reader that is paused, or a pipe() into what is full, has asked for nothing yet, but will.
  get #isUnread(): boolean {
    return this.outgoing > 0 && !this.#wasRead && this.readableFlowing === null
  }

  /** Settles all that is on its way out as abandoned. */
  protected abandonOutgoing(): void {
    const outgoing = [...this.#offered]
    this.#offered.clear()
    for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) outgoing.push(next)
    for (const delivery of outgoing) {
      this.handedOn(delivery, 'abandoned')
      this.settle(delivery, 'abandoned')
    }
    this.#outgoingRecords = this.#outgoingBytes = 0
  }

  /** Resolves when the stream is closed and every settle hook has come back. `pipeline()` can reject before that. */
  async settled(): Promise<void> {
    await this.#closed
    await this.#settling.idle()
  }

  /** Ends and waits until everything is settled, for `await using`; Node's own would destroy. */
  override async [Symbol.asyncDispose](): Promise<void> {
    if (!this.writableEnded && !this.destroyed) this.end()
    await this.settled()
  }

  override _read(): void {
    this.#wasRead = true
    this.#wanted = true
    this.#offer()
  }

  // `any`, as Node's types have it: with less, pipeline() does not take the stream.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  override read(size?: number): any {
    // Node's own goes on giving what is in its buffer, which is settled as abandoned by now.
    if (this.destroyed) return null
    const delivery = super.read(size) as Delivery | null
    if (delivery !== null && this.#offered.delete(delivery)) this.#taken(delivery)
    return delivery
  }

  #offer(): void {
    // A consumer that is given something may ask for more at once: the loop below goes on with it.
    if (this.#offering) return
    this.#offering = true
    while (this.#wanted && this.#outbox.length > 0) this.#offerOne(this.#outbox.shift()!)
    this.#offering = false
    this.#endIfEmpty()
  }

  #offerOne(delivery: Delivery): void {
    const before = this.readableLength
    this.#offered.add(delivery)
    this.#wanted = false
    try {
      if (this.push(delivery)) this.#wanted = true
    } catch (error) {
      // What a listener of the user throws must not keep the other deliveries, nor end in a handler of undici's.
      process.nextTick(() => {
        throw error
      })
      this.#wanted = this.readableFlowing === true
    }
    // A consumer that flows has it already.
    if (this.readableLength === before && this.#offered.delete(delivery)) this.#taken(delivery)
  }

  // One of our own streams has taken it over by now; else it is a foreign reader's.
  #taken(delivery: Delivery): void {
    this.#outgoingRecords -= delivery.count
    this.#outgoingBytes -= delivery.bytes
    if (delivery.holder === this) {
      delivery.holder = undefined
      delivery.moveTo('handedBack')
    }
    this.handedOn(delivery, 'handedBack')
    this.roomMade()
    this.#endIfEmpty()
  }

  #endIfEmpty(): void {
    if (this.#endCallback === undefined || this.outgoing > 0 || this.destroyed) return
    const callback = this.#endCallback
    this.#endCallback = undefined
    this.push(null)
    // Without a reader Node would wait for one for ever before it closes the stream.
    if (!this.#wasRead) this.resume()
    callback()
  }
}
