import { moveBack } from './move-back.ts'
import type { Storage } from './storage.ts'

// Milliseconds until the first look, so that a short-lived stream opens nothing for it, and between two tries.
const firstLook = 1_000
const betweenTries = 5_000

/**
 * Brings what the fallbacks of a chain hold, from this run or an earlier one, back into the first storage once that works
 * again.
 *
 * It waits for its timer, or is moving; or there is nothing to move until a fallback is used again; or it is stopped.
 */
export class MovingBack {
  readonly #first: Storage
  readonly #fallbacks: readonly Storage[]
  readonly #moved: (entries: number) => void
  readonly #stop = new AbortController()
  #moving: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  /** Whether a fallback may hold something. At the start it may, from an earlier run. */
  #isNeeded = true

  /** `moved` is told each time that entries were brought back. */
  constructor([first, ...fallbacks]: readonly Storage[], moved: (entries: number) => void) {
    this.#first = first!
    // What does not last takes nothing over from what does.
    this.#fallbacks = first!.durable === false ? [] : fallbacks.filter(({ durable }) => durable !== false)
    this.#moved = moved
    this.#look(firstLook)
  }

  /** One of the chain took something. */
  took(storage: Storage): void {
    if (storage === this.#first) return
    this.#isNeeded = true
    this.#look(betweenTries)
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    await this.#moving
  }

  get #isOff(): boolean {
    return this.#stop.signal.aborted || this.#fallbacks.length === 0
  }

  #look(after: number): void {
    if (this.#isOff || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#moving = this.#move().finally(() => {
        this.#timer = undefined
        if (this.#isNeeded) this.#look(betweenTries)
      })
    }, after)
    // It must not keep a process alive that has nothing else to do: the next one goes on.
    this.#timer.unref()
  }

  async #move(): Promise<void> {
    // What a fallback takes while this runs may come too late to be read.
    this.#isNeeded = false
    try {
      for (const fallback of this.#fallbacks) {
        if (!(await this.#isEmpty(fallback))) await this.#moveFrom(fallback)
      }
    } catch {
      // It stays where it is, durable. Either the first storage fails again, or the fallback has to be looked at by somebody,
      // who is told as soon as something is to be stored there.
      this.#isNeeded = true
    }
  }

  // Without a claim: to look must not take the lock of a folder, nor make one.
  async #isEmpty(fallback: Storage): Promise<boolean> {
    for await (const _entry of fallback.read()) return false
    return true
  }

  async #moveFrom(fallback: Storage): Promise<void> {
    const moved = await moveBack(fallback, this.#first, this.#stop.signal)
    if (moved > 0) this.#moved(moved)
  }
}
