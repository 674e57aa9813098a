import type { Envelope } from '../envelope.ts'
import type { Entry } from '../storage.ts'
import type { Claim } from './claims.ts'
import type { DataFile } from './survey.ts'

/** A data file, and how many entries it has where its name does not say: known once it was read to its end. */
export interface EntryFile {
  readonly file: DataFile
  entries: number | undefined
}

/** Where an entry is. */
export interface Position {
  readonly in: EntryFile
  readonly cell: number
  /** Whose reader has it. */
  readonly claim: Claim | undefined
}

/**
 * All the places where one version of a delivery is, and where older ones are: an append that was repeated may have left two,
 * and a reading may come to the second one after it gave the first, or after that was removed.
 */
export interface Family {
  readonly version: number
  readonly positions: Position[]
  isRemoved: boolean
}

/** An entry of an HDFS storage, which knows where it was read. */
export class HdfsEntry implements Entry {
  readonly id: string
  readonly version: number
  readonly envelope: Envelope
  readonly #family: Family
  #isReleased = false

  constructor(envelope: Envelope, family: Family) {
    this.id = envelope.id
    this.version = envelope.version
    this.envelope = envelope
    this.#family = family
  }

  /** `undefined` for an entry that was not read from HDFS. */
  static familyOf(entry: Entry): Family | undefined {
    return entry instanceof HdfsEntry ? entry.#family : undefined
  }

  release(): void {
    // Once: it may be another reader's by now.
    if (this.#isReleased || this.#family.isRemoved) return
    this.#isReleased = true
    for (const { claim, cell } of this.#family.positions) claim?.settle(cell)
  }
}
