/** Something that must be over at a certain time. The links belong to the `Deadlines` that it is in. */
export interface Timed {
  /** By the monotonic clock, in milliseconds; 0 while it is in no list. */
  expiresAt: number
  previous: Timed | undefined
  next: Timed | undefined
  expire(): void
}

/**
 * Deadlines that all lie equally far ahead: one list in the order of their making and one timer, where a timer for each
 * costs 4 % of the throughput.
 */
export class Deadlines {
  readonly #timeout: number
  #first: Timed | undefined
  #last: Timed | undefined
  #timer: NodeJS.Timeout | undefined

  /** `timeout` in milliseconds. */
  constructor(timeout: number) {
    this.#timeout = timeout
  }

  add(timed: Timed): void {
    timed.expiresAt = performance.now() + this.#timeout
    timed.previous = this.#last
    timed.next = undefined
    if (this.#last === undefined) this.#first = timed
    else this.#last.next = timed
    this.#last = timed
    if (this.#timer === undefined) this.#wait(this.#timeout)
    else if (timed.previous === undefined) this.#timer.ref()
  }

  remove(timed: Timed): void {
    if (timed.expiresAt === 0) return
    timed.expiresAt = 0
    const { previous, next } = timed
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    timed.previous = timed.next = undefined
    // A timer that waits for nothing must not keep the process; it is kept for the next one, which comes soon as a rule.
    if (this.#first === undefined) this.#timer?.unref()
  }

  /** All that is under way, the oldest first. */
  all(): Timed[] {
    const all: Timed[] = []
    for (let timed = this.#first; timed !== undefined; timed = timed.next) all.push(timed)
    return all
  }

  #wait(milliseconds: number): void {
    this.#timer = setTimeout(() => this.#look(), Math.ceil(milliseconds))
  }

  // After a stall of the event loop the answers may be there, unread: they get one poll phase to be seen before the
  // deadline is enforced. (A stall of 500 ms with a timeout of 300 ms made 60 false deadlines without.)
  #look(): void {
    this.#timer = undefined
    if (this.#first === undefined) return
    const left = this.#first.expiresAt - performance.now()
    if (left > 0) this.#wait(left)
    else setImmediate(() => this.#expire())
  }

  #expire(): void {
    const now = performance.now()
    while (this.#first !== undefined && this.#first.expiresAt <= now) {
      const expired = this.#first
      this.remove(expired)
      expired.expire()
    }
    if (this.#first === undefined) return
    // One that was added meanwhile has armed the timer for itself, which is too late for those before it.
    clearTimeout(this.#timer)
    this.#wait(this.#first.expiresAt - now)
  }
}
