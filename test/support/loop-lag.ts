const every = 10
// Below it is no stall: timers count whole milliseconds.
const least = 5

/** Watches how late the event loop is: a test that measures time takes off what the computer did not give it. */
export class LoopLag {
  #worst = 0
  #total = 0
  #seen = performance.now()
  readonly #timer = setInterval(() => this.#look(), every)

  /** Milliseconds of the longest stall, and of all of them. */
  end(): { worst: number; total: number } {
    clearInterval(this.#timer)
    this.#look()
    return { worst: this.#worst, total: this.#total }
  }

  #look(): void {
    const now = performance.now()
    const lag = now - this.#seen - every
    this.#seen = now
    if (lag < least) return
    this.#worst = Math.max(this.#worst, lag)
    this.#total += lag
  }
}
