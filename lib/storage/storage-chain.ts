import type { Delivery } from '../delivery.ts'
import { StorageError } from '../errors.ts'
import type { Storage } from './storage.ts'

/** Is told, once each time, that a storage does not take anything, and that it does again. */
export interface ChainListener {
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
 * A storage and those that stand in for it. What the first cannot take goes to the next; the last one is tried until it takes
 * it, as long as its errors are retryable.
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

  /** Appends to one of them, and gives the one. Rejects with a `StorageError` when none can take it. */
  async append(deliveries: readonly Delivery[]): Promise<Storage> {
    let failure: unknown
    for (const [index, storage] of this.#storages.entries()) {
      const isLast = index === this.#storages.length - 1
      if (!isLast && (this.#passedOverUntil.get(storage) ?? 0) > performance.now()) continue
      try {
        await this.#appendTo(storage, deliveries, isLast ? Infinity : triesBeforeFallback)
        this.#resume()
        return storage
      } catch (error) {
        failure = error
        if (!isRefusal(error)) this.#passedOverUntil.set(storage, performance.now() + passedOverFor)
      }
    }
    throw failure
  }

  /** Ends the waiting for a storage that fails: what waits rejects. */
  stop(): void {
    this.#stop.abort()
  }

  async #appendTo(storage: Storage, deliveries: readonly Delivery[], tries: number): Promise<void> {
    for (let tried = 1; ; tried++) {
      try {
        return await storage.append(deliveries)
      } catch (cause) {
        const error = asStorageError(cause)
        if (!error.retryable || tried >= tries || this.#stop.signal.aborted) throw error
        this.#stall(error)
        await this.#pause(Math.min(maxDelay, minDelay * 2 ** Math.min(tried - 1, 10)))
      }
    }
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

  #pause(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      const { signal } = this.#stop
      const wake = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, milliseconds)
      if (signal.aborted) wake()
      else signal.addEventListener('abort', wake)
    })
  }
}

/** Whether the storage itself works, and only does not take this. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof StorageError && error.code === 'SPW_ERR_STORAGE_REFUSED'

function asStorageError(cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  const message = `The storage failed: ${cause instanceof Error ? cause.message : String(cause)}`
  return new StorageError('SPW_ERR_STORAGE', message, { retryable: false, cause })
}
