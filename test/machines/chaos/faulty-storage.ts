import { setTimeout as pause } from 'node:timers/promises'
import type { Delivery } from '../../../lib/delivery.ts'
import { StorageError } from '../../../lib/errors.ts'
import type { Entry, ReadOptions, Storage } from '../../../lib/storage/storage.ts'

const moods = ['well', 'well', 'fails', 'fails after it stored', 'stalls', 'refuses'] as const

/** A storage whose mood changes every while: it fails, stalls, or refuses some of what it is given. */
export class FaultyStorage implements Storage {
  readonly durable = true
  /** How often it did not do as it was asked. */
  faults = 0
  readonly #inner: Storage
  readonly #random: () => number
  readonly #moods: readonly (typeof moods)[number][]
  readonly #timer: NodeJS.Timeout
  #mood: (typeof moods)[number] = 'well'

  constructor(inner: Storage, random: () => number, allowed = moods as readonly (typeof moods)[number][]) {
    this.#inner = inner
    this.#random = random
    this.#moods = allowed
    this.#timer = setInterval(() => this.#change(), 60).unref()
  }

  open(): Promise<void> {
    return this.#inner.open()
  }

  async append(deliveries: readonly Delivery[]): Promise<void> {
    const mood = this.#mood
    if (mood !== 'well') this.faults++
    if (mood === 'fails') throw failure('it is down')
    if (mood === 'stalls') await pause(20 + this.#random() * 150)
    if (mood === 'refuses' && deliveries.some(({ id }) => id.charCodeAt(id.length - 1) % 4 === 0)) throw refusal()
    await this.#inner.append(deliveries)
    if (mood === 'fails after it stored') throw failure('nobody knows whether it was stored')
  }

  read(options?: ReadOptions): AsyncIterable<Entry> {
    return this.#inner.read(options)
  }

  async remove(entries: readonly Entry[]): Promise<void> {
    if (this.#mood === 'stalls') await pause(20)
    return this.#inner.remove(entries)
  }

  close(): Promise<void> {
    clearInterval(this.#timer)
    return this.#inner.close()
  }

  #change(): void {
    this.#mood = this.#moods[Math.floor(this.#random() * this.#moods.length)]!
  }
}

const failure = (why: string): StorageError => new StorageError('SPW_ERR_STORAGE', why, { retryable: true })
const refusal = (): StorageError => new StorageError('SPW_ERR_STORAGE_REFUSED', 'not that one', { retryable: false })
