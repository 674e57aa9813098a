import type { Account } from '../account.ts'
import { joinedWhere } from '../delivery/joined-records.ts'
import type { Snapshot } from '../delivery/snapshot.ts'
import { Delivery, type Member } from '../delivery.ts'
import type { DeliveryError } from '../errors.ts'
import type { Endpoint, Work } from './endpoint.ts'
import type { Target } from './target.ts'
import { WaitingRecords } from './waiting-records.ts'

/** How records are put together. */
export interface BatchRules {
  readonly batchSize: number
  readonly batchBytes: number
  /** Milliseconds. */
  readonly batchDelay: number
}

/** Whose first attempts these are. */
export interface LaneOwner {
  readonly account: Account
  /** Whether no first attempt may start now. */
  isBlocked(): boolean
  /** Whether it takes in nothing more, so that nothing can join a batch. */
  isFull(): boolean
  /** It leaves the queue. */
  taken(delivery: Delivery): void
  attempted(delivery: Delivery, error: DeliveryError | undefined): void
  forgotten(endpoint: Endpoint): void
}

interface Batch {
  readonly target: Target
  readonly records: Snapshot[]
  readonly members: Member[]
  bytes: number
  readonly acceptedAt: number
  readonly dueAt: number
}

/**
 * What waits for its first attempt at one endpoint. A record is in a batch that is open, or in a delivery that is ready. An
 * open batch is closed when it is full, or when there is a slot for it and its delay is over, or nothing can join it and no other
 * goes first: until then it grows.
 */
export class Lane implements Work {
  readonly #owner: LaneOwner
  readonly #rules: BatchRules
  readonly #endpoint: Endpoint
  /** Complete, in the order in which they came to be. */
  readonly #complete = new WaitingRecords()
  /** By target, the oldest first. */
  readonly #open = new Map<string, Batch>()
  #timer: NodeJS.Timeout | undefined
  #flushing = false

  constructor(owner: LaneOwner, rules: BatchRules, endpoint: Endpoint) {
    this.#owner = owner
    this.#rules = rules
    this.#endpoint = endpoint
    endpoint.attach(this)
  }

  get ready(): boolean {
    if (this.#owner.isBlocked()) return false
    return this.#complete.length > 0 || this.#due !== undefined
  }

  get idle(): boolean {
    return this.#complete.length === 0 && this.#open.size === 0
  }

  /** A record for a request of its own. */
  push(target: Target, snapshot: Snapshot, bytes: number): void {
    this.#complete.push(target, snapshot, bytes)
    this.wake()
  }

  /** A delivery that stays what it is. */
  pushDelivery(delivery: Delivery): void {
    this.#complete.pushDelivery(delivery)
    this.wake()
  }

  /** A record for a batch. */
  add(target: Target, record: Snapshot, bytes: number): void {
    const batch = this.#roomFor(target, 1, bytes) ?? this.#opened(target)
    batch.records.push(record)
    this.#added(batch, bytes)
  }

  /** A delivery whose records travel in a batch. */
  addDelivery(member: Delivery): void {
    const { target, count, bytes } = member
    const open = this.#roomFor(target, count, bytes)
    // A batch by itself: it keeps its key.
    if (open === undefined && this.#isFull(count, bytes)) return this.pushDelivery(member)
    const batch = open ?? this.#opened(target)
    batch.members.push({ delivery: member, start: batch.records.length })
    for (const record of member.records) batch.records.push(record)
    this.#added(batch, bytes)
  }

  take(): Delivery | undefined {
    const due = this.#due
    if (due !== undefined) this.#close(due)
    const delivery = this.#first()
    if (delivery !== undefined) this.#owner.taken(delivery)
    return delivery
  }

  /** Takes the next one although it is not going to be attempted. */
  next(): Delivery | undefined {
    const open = this.#open.values().next().value
    if (this.#complete.length === 0 && open !== undefined) this.#close(open)
    return this.#first()
  }

  attempted(delivery: Delivery, error: DeliveryError | undefined): void {
    this.#owner.attempted(delivery, error)
  }

  /** Nothing more is coming, so no batch waits for more. */
  flush(): void {
    this.#flushing = true
    clearTimeout(this.#timer)
  }

  /** There may be something to attempt. */
  wake(): void {
    this.#endpoint.hub.wake(this.#endpoint)
  }

  forget(): void {
    clearTimeout(this.#timer)
    this.#owner.forgotten(this.#endpoint)
  }

  get #due(): Batch | undefined {
    if (this.#open.size === 0) return undefined
    const oldest = this.#open.values().next().value!
    if (this.#flushing || oldest.dueAt <= performance.now()) return oldest
    // What is complete goes first, and makes room.
    return this.#complete.length === 0 && this.#owner.isFull() ? oldest : undefined
  }

  /** The open batch for this target if it has room; else that is closed. */
  #roomFor(target: Target, records: number, bytes: number): Batch | undefined {
    const open = this.#open.get(target.key)
    if (open === undefined) return undefined
    const { batchSize, batchBytes } = this.#rules
    if (open.records.length + records <= batchSize && open.bytes + bytes <= batchBytes) return open
    this.#close(open)
    return undefined
  }

  #added(batch: Batch, bytes: number): void {
    batch.bytes += bytes
    if (this.#isFull(batch.records.length, batch.bytes)) this.#close(batch)
    // What is open has its timer, unless it does not wait at all.
    if (this.#complete.length > 0 || this.#rules.batchDelay === 0) this.wake()
  }

  #isFull(records: number, bytes: number): boolean {
    return records >= this.#rules.batchSize || bytes >= this.#rules.batchBytes
  }

  #opened(target: Target): Batch {
    const dueAt = performance.now() + this.#rules.batchDelay
    const batch: Batch = { target, records: [], members: [], bytes: 0, acceptedAt: Date.now(), dueAt }
    this.#open.set(target.key, batch)
    this.#arm()
    return batch
  }

  #close({ target, records, bytes, acceptedAt, members }: Batch): void {
    this.#open.delete(target.key)
    this.#complete.pushDelivery(
      new Delivery(joinedWhere(records, target.format), { acceptedAt, members }, target, bytes)
    )
    this.#arm()
  }

  #first(): Delivery | undefined {
    const delivery = this.#complete.shift()
    delivery?.enter(this.#owner.account, this.#endpoint, 'waiting')
    return delivery
  }

  // A batch that is due already waits for a slot, and the slot that comes free asks for it.
  #arm(): void {
    if (this.#timer !== undefined || this.#flushing || this.#open.size === 0) return
    const left = this.#open.values().next().value!.dueAt - performance.now()
    // A timer may fire up to a millisecond early: then it is set once more.
    if (left > 0) this.#timer = setTimeout(() => this.#ring(), Math.ceil(left) + 1)
  }

  #ring(): void {
    this.#timer = undefined
    // In this order: what is not due yet when it is armed for cannot become due unseen before the hub looks.
    this.#arm()
    this.wake()
  }
}
