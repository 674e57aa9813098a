import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Delivery } from '../../lib/delivery.ts'
import { StorageError, type StorageErrorCode } from '../../lib/errors.ts'
import { envelopeOf, parseEnvelope } from '../../lib/storage/envelope.ts'
import { matching } from '../../lib/storage/filter.ts'
import type { Entry, ReadOptions, Storage } from '../../lib/storage/storage.ts'
import { paused } from './waiting.ts'

/** A storage that fails in a way that may pass, or not. */
export function storageFailure(retryable: boolean, code: StorageErrorCode = 'SPW_ERR_STORAGE'): StorageError {
  return new StorageError(code, 'The storage was told to fail.', { retryable })
}

/** Listens, in the tests of this file, to what would else be printed as a warning. */
export function hushStalls(): void {
  const listen = (): void => {}
  for (const name of ['spillway:storage-stalled', 'spillway:storage-passed-over']) {
    before(() => subscribe(name, listen))
    after(() => unsubscribe(name, listen))
  }
}

/** A `Storage` that lives as long as the test, and fails and dawdles as it is told. */
export class MemoryStorage implements Storage {
  /** What every append took, one after the other. */
  readonly appends: Delivery[][] = []
  /** What every removal was asked for. */
  readonly removals: Entry[][] = []
  /** Runs before each append; what it throws fails it. */
  beforeAppend: (deliveries: readonly Delivery[]) => void | Promise<void> = () => {}
  /** Runs before each removal. */
  beforeRemove: (entries: readonly Entry[]) => void | Promise<void> = () => {}
  /** Runs before each entry that is read. */
  beforeEntry: () => void | Promise<void> = () => {}
  /** Milliseconds that an append takes. */
  delay = 0
  opened = 0
  closed = 0
  underWay = 0
  mostUnderWay = 0
  /** The texts of the envelopes, as a real storage would hold them, by id and version. */
  readonly #texts = new Map<string, string>()
  readonly #claimed = new Set<string>()

  async open(): Promise<void> {
    this.opened++
  }

  async append(deliveries: readonly Delivery[]): Promise<void> {
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay)
    try {
      await this.beforeAppend(deliveries)
      if (this.delay > 0) await paused(this.delay)
    } finally {
      this.underWay--
    }
    this.appends.push([...deliveries])
    for (const envelope of deliveries.map(envelopeOf)) {
      this.#texts.set(`${envelope.id} ${envelope.version}`, JSON.stringify(envelope))
    }
  }

  async *read({ filter, claim = false, signal }: ReadOptions = {}): AsyncGenerator<Entry> {
    const isMeant = matching(filter)
    for (const entry of this.entries) {
      await this.beforeEntry()
      if (signal?.aborted) return
      if (!isMeant(entry.envelope) || (claim && this.#claimed.has(entry.id))) continue
      if (claim) this.#claimed.add(entry.id)
      yield claim ? { ...entry, release: () => void this.#claimed.delete(entry.id) } : entry
    }
  }

  async remove(entries: readonly Entry[]): Promise<void> {
    await this.beforeRemove(entries)
    this.removals.push([...entries])
    for (const { id, version } of entries) {
      for (let older = version; older > 0; older--) this.#texts.delete(`${id} ${older}`)
      this.#claimed.delete(id)
    }
  }

  async close(): Promise<void> {
    this.closed++
    this.#claimed.clear()
  }

  /** All that it holds, of several versions of one id the newest, oldest first. */
  get entries(): Entry[] {
    const newest = new Map<string, Entry>()
    for (const text of this.#texts.values()) {
      const envelope = parseEnvelope(text)
      const { id, version } = envelope
      if ((newest.get(id)?.version ?? 0) < version) newest.set(id, { id, version, envelope })
    }
    return [...newest.values()]
  }

  get claims(): number {
    return this.#claimed.size
  }

  /** The records of all entries. */
  get records(): unknown[] {
    return this.entries.flatMap(({ envelope }) => envelope.records)
  }
}
