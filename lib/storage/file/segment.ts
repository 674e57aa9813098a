import { join } from 'node:path'
import { cellAt, Cells } from './cells.ts'
import type { Damage } from './scan.ts'
import { seedOf, segmentFile, sequenceOf } from './segment-id.ts'

/** What is known of a segment: a file of checked lines, the first of which says what it is. */
export class Segment {
  readonly id: string
  readonly sequence: number
  readonly path: string
  readonly seed: number
  /** Where its first line after the header starts. */
  start = 0
  /** Up to here all is durable and judged; nobody reads further. */
  end = 0
  /** Entries that are not removed. */
  live = 0
  /** Entries that are. */
  gone = 0
  /** What is damaged in it, by offset. */
  readonly damage = new Map<number, Damage>()
  /** Whether all that is damaged in it was copied elsewhere. */
  isKeptAside = true
  /** Whether more lines may be added at its end. */
  isGrowable = false
  /** It is about to be deleted, or was. */
  isDropped = false
  /** Who has claimed which entry, by its offset. */
  readonly claims = new Map<number, object>()
  readonly #removed: Cells

  constructor(folder: string, id: string, removed = new Cells()) {
    this.id = id
    this.sequence = sequenceOf(id)
    this.path = join(folder, segmentFile(id))
    this.seed = seedOf(id)
    this.#removed = removed
  }

  get removed(): Iterable<number> {
    return this.#removed
  }

  isRemoved(offset: number): boolean {
    return this.#removed.has(cellAt(offset))
  }

  /** Whether an entry was removed that stood at its end or beyond, before the file was cut. */
  get isRemovedBeyondEnd(): boolean {
    return !this.#removed.isEmptyFrom(cellAt(this.end))
  }

  /** Returns the entry's cell, or `undefined` when it is removed already, or was cut off since it was seen. */
  remove(offset: number): number | undefined {
    const cell = cellAt(offset)
    this.claims.delete(offset)
    if (offset >= this.end || this.#removed.has(cell)) return undefined
    this.#removed.add(cell)
    this.live--
    this.gone++
    return cell
  }
}
