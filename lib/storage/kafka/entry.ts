import type { Envelope } from '../envelope.ts'
import type { Entry } from '../storage.ts'
import type { Unread } from './message.ts'
import type { Place } from './progress.ts'

/** Who has the claim of an entry, and where it is kept. */
export interface Claim {
  readonly ledger: { release(place: Place, reader: object): void }
  readonly reader: object
}

/** An entry of a topic, which knows where it was read, and where its older versions and its duplicates were. */
export class KafkaEntry implements Entry {
  #unread: Unread | undefined
  readonly #topic: string
  readonly #places: readonly Place[]
  #claim: Claim | undefined
  #envelope: Envelope | undefined

  constructor(unread: Unread, topic: string, places: readonly Place[], claim?: Claim) {
    this.#unread = unread
    this.#topic = topic
    this.#places = places
    this.#claim = claim
  }

  get id(): string {
    return this.envelope.id
  }

  get version(): number {
    return this.envelope.version
  }

  // Parsed when somebody asks: who only counts does not pay for it.
  get envelope(): Envelope {
    if (this.#unread === undefined) return this.#envelope!
    this.#envelope = this.#unread.envelope()
    // It keeps the bytes of a whole answer alive.
    this.#unread = undefined
    return this.#envelope
  }

  /** `undefined` for an entry that was not read from this topic. */
  static placesOf(entry: Entry, topic: string): readonly Place[] | undefined {
    return entry instanceof KafkaEntry && entry.#topic === topic ? entry.#places : undefined
  }

  release(): void {
    this.#claim?.ledger.release(this.#places[0]!, this.#claim.reader)
    this.#claim = undefined
  }
}
