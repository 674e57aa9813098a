import type { Entry, Storage } from './storage.ts'

/**
 * Removes entries, all that come in one turn of the event loop, or within `gather` milliseconds, or while a removal runs, in
 * one call.
 */
export class GroupedRemoval {
  readonly #storage: Pick<Storage, 'remove'>
  readonly #gather: number
  #waiting: Entry[] = []
  #next: Promise<void> | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(storage: Pick<Storage, 'remove'>, gather = 0) {
    this.#storage = storage
    this.#gather = gather
  }

  remove(entry: Entry): Promise<void> {
    this.#waiting.push(entry)
    this.#next ??= this.#group()
    return this.#next
  }

  /** Resolves when nothing is under way. What failed was said to those who removed. */
  async idle(): Promise<void> {
    await (this.#next ?? this.#running).catch(() => undefined)
  }

  async #group(): Promise<void> {
    await this.#running.catch(() => undefined)
    await new Promise(resolve => (this.#gather > 0 ? setTimeout(resolve, this.#gather) : setImmediate(resolve)))
    const entries = this.#waiting
    this.#waiting = []
    this.#next = undefined
    this.#running = this.#storage.remove(entries)
    await this.#running
  }
}
