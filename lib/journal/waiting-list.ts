import type { Account } from '../account.ts'
import { joinedWhere } from '../delivery/joined-records.ts'
import { Fifo } from '../delivery/fifo.ts'
import type { Outcome } from '../delivery/settlement.ts'
import type { Snapshot } from '../delivery/snapshot.ts'
import type { WriteCallback } from '../delivery/write.ts'
import { Delivery } from '../delivery.ts'
import { DeliveryError } from '../errors.ts'
import type { BatchRules } from '../http/lane.ts'
import type { Admitted, Requests } from '../http/requests.ts'
import { KeptRecord } from './kept-record.ts'

interface Row {
  readonly admitted: Admitted | undefined
  /** One that was given in as it is, or cannot be sent. */
  readonly given: Delivery | undefined
  readonly kept: KeptRecord | undefined
  readonly told: WriteCallback | undefined
}

/** What goes on together. */
export interface Load {
  readonly delivery: Delivery
  /** Whether it is to be journaled: else whoever gave it in keeps it, or it cannot be sent. */
  readonly isNew: boolean
  /** The callbacks of its writes. */
  readonly told: readonly WriteCallback[]
}

/** How records become requests. */
export interface Intake {
  readonly requests: Requests
  readonly rules: BatchRules
}

/** Records in the order in which they were written. They are put together as they would travel: one entry a request. */
export class WaitingList {
  readonly #requests: Requests
  readonly #rules: BatchRules
  readonly #account: Account
  readonly #rows = new Fifo<Row>()
  #records = 0
  #bytes = 0
  #passing = 0
  #elsewhere = 0

  constructor({ requests, rules }: Intake, account: Account) {
    this.#requests = requests
    this.#rules = rules
    this.#account = account
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0
  }

  get records(): number {
    return this.#records
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Of the records: those that somebody else keeps, or that cannot be sent. */
  get passing(): number {
    return this.#passing
  }

  /** Of all that were accepted, wherever they are now: those that somebody else keeps, and that are neither delivered nor stored. */
  get elsewhere(): number {
    return this.#elsewhere
  }

  /** Accepts a record, a kept one, or a delivery. */
  take(given: unknown, told: WriteCallback | undefined): void {
    if (given instanceof Delivery) return this.#takeDelivery(given, told)
    const kept = given instanceof KeptRecord ? given : undefined
    const record = kept === undefined ? given : kept.record
    if (kept !== undefined) this.#elsewhere++
    try {
      const admitted = this.#requests.admit(record)
      this.#rows.push({ admitted, given: undefined, kept, told })
      this.#count(1, admitted.bytes, kept !== undefined)
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error
      this.#takeDelivery(this.#refused(record, kept, error), told)
    }
  }

  /** The next that go on together. */
  shift(): Load | undefined {
    const first = this.#rows.shift()
    if (first === undefined) return undefined
    const { given, admitted, kept, told } = first
    const load =
      given === undefined
        ? this.#batch(admitted!, kept, told)
        : { delivery: given, isNew: false, told: told === undefined ? [] : [told] }
    const { count, bytes } = load.delivery
    this.#records -= count
    this.#bytes -= bytes
    if (!load.isNew) this.#passing -= count
    load.delivery.enter(this.#account, undefined, 'waiting')
    return load
  }

  #takeDelivery(given: Delivery, told: WriteCallback | undefined): void {
    this.#rows.push({ admitted: undefined, given, kept: undefined, told })
    this.#count(given.count, given.bytes, true)
  }

  #refused(record: unknown, kept: KeptRecord | undefined, refusal: DeliveryError): Delivery {
    const { target, snapshot } = this.#requests.refused(record)
    const init = kept === undefined ? {} : { id: kept.id }
    const delivery = new Delivery([snapshot], init, { ...target, refusal })
    return kept === undefined ? delivery : delivery.onSettled(outcome => this.#settled([kept], outcome))
  }

  #count(records: number, bytes: number, passes: boolean): void {
    this.#account.accept('waiting', records)
    this.#records += records
    this.#bytes += bytes
    if (passes) this.#passing += records
  }

  #batch(first: Admitted, kept: KeptRecord | undefined, told: WriteCallback | undefined): Load {
    const { target } = first
    const records: Snapshot[] = [first.snapshot]
    const keepers = kept === undefined ? [] : [kept]
    const callbacks = told === undefined ? [] : [told]
    let { bytes } = first
    for (let next = this.#next(first, kept, records.length, bytes); next !== undefined;) {
      records.push(next.admitted!.snapshot)
      bytes += next.admitted!.bytes
      if (next.kept !== undefined) keepers.push(next.kept)
      if (next.told !== undefined) callbacks.push(next.told)
      next = this.#next(first, kept, records.length, bytes)
    }
    const joined = records.length > 1 ? joinedWhere(records, target.format) : records
    // The id of a kept record is that of a request of its own: a batch may be composed anew.
    const id = kept !== undefined && this.#rules.batchSize === 1 ? { id: kept.id } : {}
    const delivery = new Delivery(joined, id, target, bytes)
    if (keepers.length > 0) delivery.onSettled(outcome => this.#settled(keepers, outcome))
    return { delivery, isNew: kept === undefined, told: callbacks }
  }

  #settled(keepers: readonly KeptRecord[], outcome: Outcome): void {
    if (outcome !== 'abandoned') this.#elsewhere -= keepers.length
    for (const keeper of keepers) keeper.settled(outcome)
  }

  /** Takes the next one if it fits. */
  #next({ target }: Admitted, kept: KeptRecord | undefined, records: number, bytes: number): Row | undefined {
    const { batchSize, batchBytes } = this.#rules
    if (records >= batchSize || target.format === undefined) return undefined
    const next = this.#rows.peek()
    if (next?.admitted === undefined || (next.kept === undefined) !== (kept === undefined)) return undefined
    if (next.admitted.target.key !== target.key || bytes + next.admitted.bytes > batchBytes) return undefined
    return this.#rows.shift()
  }
}
