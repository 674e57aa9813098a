import type { Envelope } from '../envelope.ts'
import type { Entry } from '../storage.ts'
import { rowKeyOf } from './row-key.ts'
import type { Removal } from './table.ts'

/** A row and the time of what was read in it. */
export interface Place {
  readonly key: Buffer
  readonly time: number
}

/** An entry of an HBase table, which knows its row, and the rows of older versions. */
export class HBaseEntry implements Entry {
  readonly id: string
  readonly version: number
  readonly envelope: Envelope
  readonly place: Place
  readonly #older: readonly Place[]
  readonly #release: ((entry: HBaseEntry) => void) | undefined

  constructor(envelope: Envelope, place: Place, older: readonly Place[], release?: (entry: HBaseEntry) => void) {
    this.id = envelope.id
    this.version = envelope.version
    this.envelope = envelope
    this.place = place
    this.#older = older
    this.#release = release
  }

  /** What removing an entry takes away. One of another storage is looked for where it would be. */
  static removalsOf(entry: Entry): Removal[] {
    if (!(entry instanceof HBaseEntry)) {
      const { id, version, envelope } = entry
      return [{ key: rowKeyOf(id, version, envelope.acceptedAt) }]
    }
    return [entry.place, ...entry.#older].map(({ key, time }) => ({ key, upTo: time }))
  }

  release(): void {
    this.#release?.(this)
  }
}
