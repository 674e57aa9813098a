import { StreamError } from '../errors.ts'
import type { Streams } from './build.ts'

// Milliseconds after the drain time until the storage is looked at, between two looks, and until nothing is waited for.
const grace = 300
const lookEvery = 100
const giveUpAfter = 150
// A storage that stored nothing for so long takes nothing any more. Where nothing keeps what is left it is lost by that, so the
// storage gets as long as one of its calls may take.
const patience = { kept: 1_000, lost: 10_000 }

/**
 * Ends the waiting for a storage: what it did not take is abandoned, and said so. Where something keeps that, the drain time and half
 * a second are the end, whatever the storage does. Else one that goes on storing is waited for, and one that takes nothing is not.
 */
export class Deadline {
  readonly #streams: Streams
  readonly #whatIsLeft: 'kept' | 'lost'
  readonly #late: Promise<Error>
  #pass!: (error: Error) => void
  #timer: NodeJS.Timeout | undefined
  /** From then on only a storage that stores is waited for. */
  #endsAt = Infinity
  /** From then on nothing is. */
  #lastAt = Infinity
  #isLate = false
  #stored = 0
  #storedAt = 0

  /** `whatIsLeft` is what becomes of it: a journal, a place in a file or a storage keeps it, or it is lost. */
  constructor(streams: Streams, whatIsLeft: 'kept' | 'lost') {
    this.#streams = streams
    this.#whatIsLeft = whatIsLeft
    this.#late = new Promise(resolve => (this.#pass = resolve))
  }

  /** From now on there are so many milliseconds. A second call can shorten the time, for a storage that takes nothing. */
  start(milliseconds: number): void {
    const now = performance.now()
    this.#endsAt = Math.min(this.#endsAt, now + milliseconds + grace)
    if (this.#lastAt === Infinity && this.#whatIsLeft === 'kept') this.#lastAt = this.#endsAt
    this.#storedAt ||= now
    this.#look()
  }

  /** Whether nothing is waited for any longer. */
  get isLate(): boolean {
    return this.#isLate
  }

  /** Gives `work`, or why it was not waited for any longer. */
  orLate<T>(work: Promise<T>): Promise<T | Error> {
    return Promise.race([work, this.#late])
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #look(): void {
    clearTimeout(this.#timer)
    const { stored } = this.#streams.http.stats()
    const now = performance.now()
    if (stored > this.#stored) this.#storedAt = now
    this.#stored = stored
    const over = Math.min(this.#lastAt, Math.max(this.#endsAt, this.#storedAt + patience[this.#whatIsLeft]))
    if (now < over) this.#timer = setTimeout(() => this.#look(), Math.min(lookEvery, Math.ceil(over - now)))
    else this.#giveUp()
  }

  #giveUp(): void {
    const error = new StreamError('SPW_ERR_ABANDONED', 'The storage did not take what was left within the drain time.')
    // What stands before it is told only when its last append has come back, which is not waited for.
    for (const stream of [this.#streams.failover, this.#streams.retry, this.#streams.http]) stream.destroy(error)
    this.#timer = setTimeout(() => {
      this.#isLate = true
      this.#pass(error)
    }, giveUpAfter)
  }
}
