import type { Entry } from '../storage/storage.ts'
import type { Keeper } from './keeper.ts'

/** Gives what an earlier process left, oldest first, as long as there is room. What is not given stays where it is. */
export class Recovery {
  readonly #keeper: Keeper
  readonly #hasRoom: () => boolean
  readonly #stop = new AbortController()
  #isOver = false
  #roomMade: (() => void) | undefined

  constructor(keeper: Keeper, hasRoom: () => boolean) {
    this.#keeper = keeper
    this.#hasRoom = hasRoom
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Opens the storage and reads it. Resolves when all is given, or it was stopped. */
  async run(give: (entry: Entry) => void): Promise<void> {
    try {
      await this.#read(give)
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error
    }
    this.#isOver = true
  }

  /** To be told when there may be room. */
  roomMade(): void {
    this.#roomMade?.()
  }

  stop(): void {
    this.#stop.abort()
    this.#roomMade?.()
  }

  async #read(give: (entry: Entry) => void): Promise<void> {
    const { signal } = this.#stop
    await this.#keeper.open()
    for await (const entry of this.#keeper.left(signal)) {
      while (!this.#hasRoom() && !signal.aborted) await new Promise<void>(resolve => (this.#roomMade = resolve))
      if (signal.aborted) return entry.release?.()
      give(entry)
    }
  }
}
