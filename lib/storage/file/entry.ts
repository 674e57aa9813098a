import type { Entry } from '../storage.ts'
import type { Envelope } from '../envelope.ts'
import type { Segment } from './segment.ts'

/** Where an entry is. */
export interface Position {
  readonly segment: Segment
  readonly offset: number
}

/** An entry of a file storage, which knows where it was read, and where older versions of it were. */
export class FileEntry implements Entry {
  readonly id: string
  readonly version: number
  readonly envelope: Envelope
  readonly #segment: Segment
  readonly #offset: number
  readonly #older: readonly Position[]
  readonly #reader: object
  #isClaimed = false

  constructor(envelope: Envelope, segment: Segment, offset: number, older: readonly Position[], reader: object) {
    this.id = envelope.id
    this.version = envelope.version
    this.envelope = envelope
    this.#segment = segment
    this.#offset = offset
    this.#older = older
    this.#reader = reader
  }

  /** Where the entry and its older versions are; `undefined` for an entry that was not read from a file storage. */
  static positions(entry: Entry): Position[] | undefined {
    if (!(entry instanceof FileEntry)) return undefined
    return [{ segment: entry.#segment, offset: entry.#offset }, ...entry.#older]
  }

  /** Ends the claims of all entries of a segment that this reader was given. */
  static endClaims({ claims }: Segment, reader: object): void {
    for (const [offset, claimedBy] of claims) if (claimedBy === reader) claims.delete(offset)
  }

  claim(): void {
    this.#isClaimed = true
    this.#segment.claims.set(this.#offset, this.#reader)
  }

  release(): void {
    const { claims } = this.#segment
    if (this.#isClaimed && claims.get(this.#offset) === this.#reader) claims.delete(this.#offset)
    this.#isClaimed = false
  }
}
