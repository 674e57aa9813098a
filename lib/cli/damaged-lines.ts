import type { Writable } from 'node:stream'
import { Delivery } from '../delivery.ts'
import { DeliveryError } from '../errors.ts'
import type { FailoverWritable } from '../failover-writable.ts'
import { parsedUrl, storableUrl } from '../http/target.ts'
import type { DamagedLine } from '../source/input-source.ts'
import { tell } from './standard-streams.ts'

/** So many are shown one by one. */
const shown = 10

/** Stores the lines of an input that are no records, as they are, and says so. */
export class DamagedLines {
  readonly #failover: FailoverWritable
  readonly #request: { readonly method?: string; readonly url?: string }
  #lines = 0
  #lost = 0

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
    delivery.onSettled(outcome => {
      if (outcome !== 'stored') this.#lost++
      settled(outcome)
    })
    if (!this.#failover.write(delivery)) await roomIn(this.#failover)
  }

  /** Says how many were not shown. */
  end(): void {
    if (this.#lines > shown) tell(`${this.#lines - shown} more damaged lines, ${this.#lines} in all`)
  }

  #show(file: string, line: number, reason: string): void {
    if (++this.#lines <= shown) tell(`${file}:${line} is damaged and goes to the storage as it is: ${reason}`)
  }
}

/** Resolves when it takes more, or nothing any more. */
function roomIn(stream: Writable): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      stream.off('drain', done).off('close', done)
      resolve()
    }
    stream.on('drain', done).on('close', done)
  })
}

// The line is a view of a chunk, which would be kept whole.
function copied(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes)
}
