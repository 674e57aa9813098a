import type { Envelope } from '../envelope.ts'
import type { Entry } from '../storage.ts'
import type { EntryFile } from './entry-file.ts'

/** Where an entry is. */
export interface Position {
  readonly in: EntryFile
  readonly cell: number
}

/** An entry of an HDFS storage, which knows where it was read. */
export class HdfsEntry implements Entry {
  readonly id: string
  readonly version: number
  readonly envelope: Envelope
  readonly #in: EntryFile
  readonly #cell: number

  constructor(envelope: Envelope, { in: into, cell }: Position) {
    this.id = envelope.id
    this.version = envelope.version
    this.envelope = envelope
    this.#in = into
    this.#cell = cell
  }

  /** `undefined` for an entry that was not read from HDFS. */
  static positionOf(entry: Entry): Position | undefined {
    return entry instanceof HdfsEntry ? { in: entry.#in, cell: entry.#cell } : undefined
  }

  release(): void {
    this.#in.release(this.#cell)
  }
}
