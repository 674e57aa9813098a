import type { Entry } from '../storage.ts'
import { Delivery } from '../../delivery.ts'
import { type Envelope, envelopeOf } from '../envelope.ts'
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
  readonly #source: Envelope | Delivery
  readonly #segment: Segment
  readonly #offset: number
  readonly #older: readonly Position[]
  readonly #reader: object
  #isClaimed = false

  constructor(
    source: Envelope | Delivery,
    segment: Segment,
    offset: number,
    older: readonly Position[],
    reader: object
  ) {
    this.id = source.id
    this.version = source instanceof Delivery ? source.version + 1 : source.version
    this.#source = source
    this.#segment = segment
    this.#offset = offset
    this.#older = older
    this.#reader = reader
  }

  get envelope(): Envelope {
    return this.#source instanceof Delivery ? envelopeOf(this.#source) : this.#source
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
