import { publish } from '../diagnostics.ts'
import type { StorageError } from '../errors.ts'
import { asStorageError } from '../storage/as-storage-error.ts'
import { pause } from '../storage/pause.ts'

// Milliseconds between two tries.
const minDelay = 100
const maxDelay = 5_000

/** Does what a storage does not take again, as long as its error may pass, and says that the source waits meanwhile. */
export class Patience {
  readonly #stop = new AbortController()
  #stalled = false

  /** Rejects with a `StorageError` that does not pass, or with the last one after `stop`. */
  async until<T>(task: () => Promise<T>): Promise<T> {
    for (let tried = 0; ; tried++) {
      try {
        const result = await task()
        this.#resume()
        return result
      } catch (cause) {
        const error = asStorageError(cause)
        if (!error.retryable || this.#stop.signal.aborted) throw error
        this.#stall(error)
        await pause(Math.min(maxDelay, minDelay * 2 ** Math.min(tried, 10)), this.#stop.signal)
      }
    }
  }

  stop(): void {
    this.#stop.abort()
  }

  #stall({ code, message }: StorageError): void {
    if (this.#stalled) return
    this.#stalled = true
    publish('spillway:storage-stalled', { code, message }, `The journal takes nothing, the source waits: ${message}`)
  }

  #resume(): void {
    if (!this.#stalled) return
    this.#stalled = false
    publish('spillway:storage-resumed', {})
  }
}
