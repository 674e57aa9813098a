import type { Delivery } from '../../lib/delivery.ts'
import { type Envelope, envelopeOf } from '../../lib/storage/envelope.ts'
import type { Entry, Storage } from '../../lib/storage/storage.ts'

/** Keeps envelopes in a list, for tests that ask what was stored as what. */
export class EnvelopeStorage implements Storage {
  readonly stored: Envelope[] = []
  /** Called before each append: to wait, or to throw. */
  before: (deliveries: readonly Delivery[]) => Promise<void> | void

  constructor(before: EnvelopeStorage['before'] = () => {}) {
    this.before = before
  }

  async open(): Promise<void> {}

  async append(deliveries: readonly Delivery[]): Promise<void> {
    await this.before(deliveries)
    this.stored.push(...deliveries.map(envelopeOf))
  }

  async *read(): AsyncGenerator<Entry> {
    for (const envelope of [...this.stored]) yield { id: envelope.id, version: envelope.version, envelope }
  }

  async remove(entries: readonly Entry[]): Promise<void> {
    for (const { envelope } of entries) this.stored.splice(this.stored.indexOf(envelope), 1)
  }

  async close(): Promise<void> {}
}
