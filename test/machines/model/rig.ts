import { pipeline } from 'node:stream/promises'
import type { SinonFakeTimers } from 'sinon'
import { Delivery } from '../../../lib/delivery.ts'
import type { Outcome } from '../../../lib/delivery/settlement.ts'
import { FailoverWritable } from '../../../lib/failover-writable.ts'
import { HttpWritable } from '../../../lib/http-writable.ts'
import type { Sender } from '../../../lib/http/sender.ts'
import { RetryTransform } from '../../../lib/retry-transform.ts'
import { MemoryStorage, storageFailure } from '../../support/memory-storage.ts'
import { errorOf, type FateName } from './fates.ts'
import { Model, type ModelOptions } from './model.ts'

export type StorageFate = 'ok' | 'slow' | 'later' | 'never'

export interface RigOptions extends ModelOptions {
  readonly batchSize: number
  readonly queueCapacity: number
  readonly retryCapacity: number
  readonly storeAtOnce: number
  /** What the storage does with one append after the other; then it takes them. */
  readonly storage: readonly StorageFate[]
}

interface Attempt {
  readonly delivery: Delivery
  readonly settle: (name: FateName) => void
}

// Not faked, whatever the clock is.
const { setImmediate } = globalThis

/** Some turns of the event loop. */
export async function turned(count = 3): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve))
}

/** The three streams between an endpoint and a storage that do as they are told, and a model that watches. */
export class Rig {
  readonly model: Model
  readonly storage = new MemoryStorage()
  readonly http: HttpWritable
  readonly retry: RetryTransform
  readonly failover: FailoverWritable
  readonly open: Attempt[] = []
  /** Of each record that was written: how its callback was called. */
  readonly callbacks = new Map<string, Array<'ok' | 'failed'>>()
  readonly settled = new Map<readonly string[], Outcome[]>()
  readonly #options: RigOptions
  readonly #clock: SinonFakeTimers
  readonly #fates = new Map<string, readonly FateName[]>()
  readonly #tooLarge = new Set<string>()
  #storageFates: StorageFate[]
  #count = 0
  isOver = false
  /** Whether it was drained, or has broken: not everything is tried then. */
  wasStopped = false
  /** Whether it was destroyed, or has broken: records may be abandoned then. */
  wasDestroyed = false

  constructor(options: RigOptions, clock: SinonFakeTimers) {
    this.#options = options
    this.#clock = clock
    this.#storageFates = [...options.storage]
    this.model = new Model(options)
    const { numWriters, batchSize, queueCapacity, timeout, semantics, retries, minDelay, maxDelay } = options
    this.http = new HttpWritable({
      url: 'http://127.0.0.1:9/',
      wrapSender: () => this.#sender,
      ...{ numWriters, batchSize, queueCapacity, timeout, semantics, batchDelay: 5 }
    })
    this.retry = new RetryTransform({ retries, minDelay, maxDelay, queueCapacity: options.retryCapacity })
    this.failover = new FailoverWritable({ storage: this.storage, batchSize: options.storeAtOnce })
    this.storage.beforeAppend = () => this.#beforeAppend()
    pipeline(this.http, this.retry, this.failover)
      .catch(() => (this.wasStopped = this.wasDestroyed = true))
      .then(() => Promise.all([this.http.settled(), this.retry.settled(), this.failover.settled()]))
      .then(() => (this.isOver = true))
      .catch(() => {})
  }

  /** Writes a record, or a delivery of so many records; its fate is that of its first record. */
  write(fates: readonly FateName[], isTooLarge: boolean, recordsOfDelivery: number): void {
    if (this.http.writableEnded) return
    const records = Array.from({ length: Math.max(1, recordsOfDelivery) }, () => `{"id":${this.#count++}}`)
    for (const record of records) {
      this.#fates.set(record, fates)
      if (isTooLarge) this.#tooLarge.add(record)
    }
    const calls: Array<'ok' | 'failed'> = []
    for (const record of records) this.callbacks.set(record, calls)
    const what = recordsOfDelivery === 0 ? (JSON.parse(records[0]!) as unknown) : this.#given(records)
    this.http.write(what, undefined, error => calls.push(error === undefined || error === null ? 'ok' : 'failed'))
  }

  answer(which: number): void {
    const attempt = this.open[which % Math.max(1, this.open.length)]
    attempt?.settle(this.#fateOf(attempt.delivery))
  }

  answerAll(): void {
    for (const attempt of [...this.open]) attempt.settle(this.#fateOf(attempt.delivery))
  }

  drain(milliseconds: number): void {
    this.wasStopped = this.model.stopped = true
    this.http.drain(milliseconds)
  }

  destroy(which: number): void {
    this.wasStopped = this.wasDestroyed = true
    ;[this.http, this.retry, this.failover][which]!.destroy()
  }

  #given(records: string[]): Delivery {
    const outcomes: Outcome[] = []
    this.settled.set(records, outcomes)
    return new Delivery(records).onSettled(async outcome => {
      outcomes.push(outcome)
      await turned(1)
    })
  }

  #fateOf({ id, records }: Delivery): FateName {
    const texts = records as readonly string[]
    if (texts.some(text => this.#tooLarge.has(text))) return 'tooLarge'
    return this.#fates.get(texts[0]!)?.[this.model.attemptsOf(id)] ?? 'ok'
  }

  readonly #sender: Sender = {
    send: (delivery, signal) => {
      this.model.sent(delivery.id, delivery.records as readonly string[], this.#clock.now)
      return new Promise((resolve, reject) => {
        const leave = (name: FateName): boolean => {
          const index = this.open.indexOf(attempt)
          if (index >= 0) this.open.splice(index, 1)
          if (index >= 0) this.model.answered(delivery.id, name, this.#clock.now)
          return index >= 0
        }
        const settle = (name: FateName): void => {
          const error = errorOf(name, delivery.count, this.#options.semantics)
          if (!leave(name)) return
          if (error === undefined) resolve()
          else reject(error)
        }
        const attempt: Attempt = { delivery, settle }
        signal.addEventListener('abort', () => {
          const { code } = (signal.reason ?? {}) as { code?: string }
          leave(code === 'SPW_ERR_TIMEOUT' ? 'timeout' : 'cutOff')
        })
        this.open.push(attempt)
      })
    }
  }

  async #beforeAppend(): Promise<void> {
    const fate = this.#storageFates.shift() ?? 'ok'
    if (fate === 'slow') await new Promise(resolve => setTimeout(resolve, 70))
    if (fate === 'later') throw storageFailure(true)
    if (fate === 'never') {
      this.wasStopped = this.wasDestroyed = true
      throw storageFailure(false)
    }
  }
}
