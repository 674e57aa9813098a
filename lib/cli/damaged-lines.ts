import { Delivery } from '../delivery.ts'
import { DeliveryError } from '../errors.ts'
import type { FailoverWritable } from '../failover-writable.ts'
import { parsedUrl, storableUrl } from '../http/target.ts'
import type { DamagedLine } from '../source/input-source.ts'
import { tell } from './standard-streams.ts'

/** So many are shown one by one, and so many may be on their way to the storage. */
const shown = 10
const mostPending = 256
const mostPendingBytes = 16 * 1024 * 1024

/** Stores the lines of an input that are no records, as they are, and says so. */
export class DamagedLines {
  readonly #failover: FailoverWritable
  readonly #request: { readonly method?: string; readonly url?: string }
  #lines = 0
  #lost = 0
  #pending = 0
  #pendingBytes = 0
  #roomFor: (() => void) | undefined

  /** `request` is what a replay that asks for refused ones will send them by. */
  constructor(failover: FailoverWritable, request: { method?: string | undefined; url?: string | undefined }) {
    this.#failover = failover
    this.#request = {
      ...(request.method === undefined ? {} : { method: request.method.toUpperCase() }),
      ...(request.url === undefined ? {} : { url: storableUrl(parsedUrl(request.url).href) })
    }
  }

  /** Lines; a line that is too long is stored in parts and counts as one. */
  get lines(): number {
    return this.#lines
  }

  /** Parts that could not be stored. */
  get lost(): number {
    return this.#lost
  }

  /** Resolves when another may be given. */
  async take({ file, line, reason, bytes, first, settled }: DamagedLine): Promise<void> {
    if (first) this.#show(file, line, reason)
    if (bytes.length === 0) return settled('stored')
    if (this.#failover.destroyed) {
      this.#lost++
      return settled('abandoned')
    }
    const error = new DeliveryError('SPW_ERR_ENCODE', `${file}:${line} is no record: ${reason}.`, {
      phase: 'not-sent',
      retryable: false
    })
    const delivery = new Delivery([copied(bytes)], { ...this.#request, error })
    this.#pending++
    this.#pendingBytes += bytes.length
    delivery.onSettled(outcome => {
      this.#settled(outcome === 'stored', bytes.length)
      settled(outcome)
    })
    this.#failover.write(delivery)
    if (this.#isFull) await new Promise<void>(resolve => (this.#roomFor = resolve))
  }

  /** Says how many were not shown. */
  end(): void {
    if (this.#lines > shown) tell(`${this.#lines - shown} more damaged lines, ${this.#lines} in all`)
  }

  get #isFull(): boolean {
    return this.#pending >= mostPending || this.#pendingBytes >= mostPendingBytes
  }

  #show(file: string, line: number, reason: string): void {
    if (++this.#lines <= shown) tell(`${file}:${line} is damaged: ${reason}; it is stored as it is`)
  }

  #settled(isStored: boolean, bytes: number): void {
    this.#pending--
    this.#pendingBytes -= bytes
    if (!isStored) this.#lost++
    if (this.#isFull) return
    this.#roomFor?.()
    this.#roomFor = undefined
  }
}

// The line is a view of a chunk, which would be kept whole.
function copied(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes)
}
