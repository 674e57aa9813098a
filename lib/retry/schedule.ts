import { longestTimer } from '../longest-timer.ts'

/** Something that is due at a time of the monotonic clock. */
interface Due<T> {
  readonly at: number
  readonly order: number
  readonly item: T
}

/** A heap of what waits for its time, with one timer. */
export class Schedule<T> {
  readonly #ring: (item: T) => void
  #heap: Array<Due<T>> = []
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity
  #count = 0

  /** `ring` is called with each item when its time has come, one after the other. */
  constructor(ring: (item: T) => void) {
    this.#ring = ring
  }

  get length(): number {
    return this.#heap.length
  }

  /** `delay` in milliseconds. */
  add(item: T, delay: number): void {
    const at = performance.now() + delay
    this.#heap.push({ at, order: this.#count++, item })
    this.#rise(this.#heap.length - 1)
    this.#arm()
  }

  /** Takes what waits and is meant, in no order. */
  remove(isMeant: (item: T) => boolean): T[] {
    const all = this.#heap
    this.#heap = []
    for (const due of all.filter(({ item }) => !isMeant(item))) {
      this.#heap.push(due)
      this.#rise(this.#heap.length - 1)
    }
    if (this.#heap.length === 0) this.#disarm()
    return all.filter(({ item }) => isMeant(item)).map(({ item }) => item)
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#timerAt = Infinity
  }

  #arm(): void {
    const first = this.#heap[0]
    if (first === undefined || this.#timerAt <= first.at) return
    clearTimeout(this.#timer)
    this.#timerAt = first.at
    // Whoever waits longer looks again.
    const wait = Math.min(Math.max(1, Math.ceil(first.at - performance.now())), longestTimer)
    this.#timer = setTimeout(() => this.#look(), wait)
  }

  #look(): void {
    this.#disarm()
    const now = performance.now()
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#removeFirst()
      this.#ring(first.item)
    }
    this.#arm()
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #rise(index: number): void {
    for (let child = index; child > 0;) {
      const parent = (child - 1) >> 1
      if (!this.#isBefore(child, parent)) return
      this.#swap(child, parent)
      child = parent
    }
  }

  #sink(index: number): void {
    for (let parent = index; ;) {
      const left = 2 * parent + 1
      if (left >= this.#heap.length) return
      const right = left + 1
      const child = right < this.#heap.length && this.#isBefore(right, left) ? right : left
      if (!this.#isBefore(child, parent)) return
      this.#swap(child, parent)
      parent = child
    }
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#heap[a]!
    const second = this.#heap[b]!
    return first.at < second.at || (first.at === second.at && first.order < second.order)
  }

  #swap(a: number, b: number): void {
    const kept = this.#heap[a]!
    this.#heap[a] = this.#heap[b]!
    this.#heap[b] = kept
  }
}
