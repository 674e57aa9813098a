import type { Delivery } from '../delivery.ts'
import type { StorageError } from '../errors.ts'
import { asStorageError } from './as-storage-error.ts'
import { isRefusal } from './is-refusal.ts'
import { pause } from './pause.ts'
import type { Storage } from './storage.ts'

/** Is told, once each time, that a storage is passed over for the next one; that none takes anything, and that one does again. */
export interface ChainListener {
  passedOver(error: StorageError): void
  stalled(error: StorageError): void
  resumed(): void
}

// Milliseconds between two tries of a storage that failed in a way that may pass.
const minDelay = 100
const maxDelay = 5_000
// So many tries before the next storage of the chain is asked; a storage that was passed over is tried again after a while.
const triesBeforeFallback = 3
const passedOverFor = 5_000

/**
 * A storage and those that stand in for it. What the first cannot take goes to the next; when none takes it they are tried
 * again, in rounds, as long as an error of one of them may pass.
 */
export class StorageChain {
  readonly #storages: readonly Storage[]
  readonly #listener: ChainListener
  readonly #passedOverUntil = new Map<Storage, number>()
  readonly #stop = new AbortController()
  #stalled = false

  constructor(storages: readonly Storage[], listener: ChainListener) {
    this.#storages = storages
    this.#listener = listener
  }

  /**
   * Appends to one of them, and gives the one. Rejects with a `StorageError` when none can take it; several deliveries of
   * which one is refused it rejects as well, so that they can be appended apart.
   */
  async append(deliveries: readonly Delivery[]): Promise<Storage> {
    for (let round = 0; ; round++) {
      const asked = this.#askable()
      const errors: StorageError[] = []
      for (const storage of asked) {
        const error = await this.#appendTo(storage, deliveries)
        if (error === undefined) return storage
        if (isRefusal(error) && deliveries.length > 1) throw error
        errors.push(error)
      }
      await this.#between(round, errors, asked.length === this.#storages.length)
    }
  }

  /** Ends the waiting for storages that fail: what waits rejects. */
  stop(): void {
    this.#stop.abort()
  }

  #askable(): readonly Storage[] {
    const now = performance.now()
    const askable = this.#storages.filter(storage => (this.#passedOverUntil.get(storage) ?? 0) <= now)
    return askable.length > 0 ? askable : this.#storages
  }

  /** Why it was not taken; `undefined` when it was. */
  async #appendTo(storage: Storage, deliveries: readonly Delivery[]): Promise<StorageError | undefined> {
    const tries = this.#storages.length > 1 ? triesBeforeFallback : 1
    for (let tried = 1; ; tried++) {
      try {
        await storage.append(deliveries)
        this.#passedOverUntil.delete(storage)
        this.#resume()
        return undefined
      } catch (cause) {
        const error = asStorageError(cause)
        if (isRefusal(error)) return error
        if (!error.retryable || tried >= tries || this.#stop.signal.aborted) return this.#passOver(storage, error)
        await pause(minDelay * 2 ** (tried - 1), this.#stop.signal)
      }
    }
  }

  #passOver(storage: Storage, error: StorageError): StorageError {
    if (!this.#passedOverUntil.has(storage) && storage !== this.#storages.at(-1)) this.#listener.passedOver(error)
    this.#passedOverUntil.set(storage, performance.now() + passedOverFor)
    return error
  }

  // After a round in which none took it.
  async #between(round: number, errors: readonly StorageError[], allAsked: boolean): Promise<void> {
    const last = errors.at(-1)!
    const passing = errors.find(({ retryable }) => retryable)
    if (this.#stop.signal.aborted || (allAsked && passing === undefined)) throw passing ?? last
    this.#stall(passing ?? last)
    await pause(Math.min(maxDelay, minDelay * 2 ** Math.min(round, 10)), this.#stop.signal)
  }

  #stall(error: StorageError): void {
    if (this.#stalled) return
    this.#stalled = true
    this.#listener.stalled(error)
  }

  #resume(): void {
    if (!this.#stalled) return
    this.#stalled = false
    this.#listener.resumed()
  }
}
