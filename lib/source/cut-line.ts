import type { Outcome } from '../delivery/settlement.ts'
import type { Place, Range } from './place.ts'

/** A line that is given in parts: it is settled when all of them are. */
export class CutLine {
  readonly #place: Place | undefined
  readonly #range: Range | undefined
  #missing = 0
  #isWhole = false
  #isLost = false

  constructor(place: Place | undefined) {
    this.#place = place
    this.#range = place?.take()
  }

  /** What is to be called with what became of the part. */
  part(end: number, isLast: boolean): (outcome: Outcome) => void {
    if (this.#range === undefined) return () => {}
    this.#missing++
    this.#isWhole = isLast
    if (isLast) this.#place!.extend(this.#range, end)
    return outcome => {
      this.#missing--
      if (outcome === 'abandoned') this.#isLost = true
      if (this.#missing === 0 && this.#isWhole && !this.#isLost) this.#place!.settled(this.#range!, 'stored')
    }
  }
}
