import type { Outcome } from '../delivery/settlement.ts'
import { KeptRecord } from '../journal/kept-record.ts'
import type { Piece } from './piece.ts'

/** A part of a file, in bytes of its unpacked text: from `start` to before `end`. */
export interface Range {
  readonly start: number
  end: number
}

/** What of a file is settled: all before `read` but `open`. */
export interface Progress {
  readonly read: number
  /** In their order, and apart. */
  readonly open: ReadonlyArray<readonly [start: number, end: number]>
}

/**
 * The place in a file: which of its records are settled. In memory are those alone that are given and not settled, of which
 * the streams have a bounded number, however long the first of them takes.
 */
export class Place {
  readonly #prefix: string
  readonly #changed: () => void
  readonly #before: Progress
  /** In the order of the file. */
  readonly #outstanding = new Set<Range>()
  #next = 0
  #index = 0

  /** `before` is what an earlier run settled; `prefix` begins the ids of the records. */
  constructor(prefix: string, before: Progress, changed: () => void) {
    this.#prefix = prefix
    this.#before = before
    this.#changed = changed
  }

  /** Whether the piece that begins at the next place, and whose bytes end there, was settled by an earlier run. */
  isSettled(textEnd: number): boolean {
    const { read, open } = this.#before
    if (textEnd > read) return false
    while (this.#index < open.length && open[this.#index]![1] <= this.#next) this.#index++
    const next = open[this.#index]
    return next === undefined || next[0] >= textEnd
  }

  pass(end: number): undefined {
    this.#next = end
  }

  /** Its id is of where its bytes end: those of a last line that has grown since are another record. */
  kept(record: unknown, { end, textEnd }: Pick<Piece, 'end' | 'textEnd'>): KeptRecord {
    const range = this.take()
    this.extend(range, end)
    return new KeptRecord(record, `${this.#prefix}-${textEnd.toString(36)}`, outcome => this.settled(range, outcome))
  }

  /** The part that begins here. */
  take(): Range {
    const range = { start: this.#next, end: this.#next }
    this.#outstanding.add(range)
    return range
  }

  extend(range: Range, end: number): void {
    range.end = end
    this.#next = end
  }

  settled(range: Range, outcome: Outcome): void {
    if (outcome === 'abandoned') return
    this.#outstanding.delete(range)
    this.#changed()
  }

  /** What is settled by now, with what an earlier run settled further on. */
  progress(): Progress {
    const open: Array<readonly [number, number]> = []
    for (const { start, end } of this.#outstanding) add(open, start, end)
    const { read, open: before } = this.#before
    if (this.#next >= read) return { read: this.#next, open }
    for (const [start, end] of before) if (end > this.#next) add(open, Math.max(start, this.#next), end)
    return { read, open }
  }
}

function add(ranges: Array<readonly [number, number]>, start: number, end: number): void {
  const last = ranges.at(-1)
  if (last?.[1] === start) ranges[ranges.length - 1] = [last[0], end]
  else if (end > start) ranges.push([start, end])
}
