import type { Delivery } from '../delivery.ts'
import { envelopeOf } from './envelope.ts'
import type { Entry, Storage } from './storage.ts'

/** `storage: 'none'`: what fails is dropped. It counts as abandoned, and is said so. */
export class NoStorage implements Storage {
  readonly durable = false
  async open(): Promise<void> {}
  async append(_deliveries: readonly Delivery[]): Promise<void> {}
  async *read(): AsyncGenerator<Entry> {}
  async remove(): Promise<void> {}
  async close(): Promise<void> {}
}

/** `storage: 'console'`: what fails is printed on standard error, a JSON line each, and counts as abandoned. */
export class ConsoleStorage extends NoStorage {
  override async append(deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) process.stderr.write(`${JSON.stringify(envelopeOf(delivery))}\n`)
  }
}
