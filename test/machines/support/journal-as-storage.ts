import type { Delivery } from '../../../lib/delivery.ts'
import { StorageError } from '../../../lib/errors.ts'
import { Keeper } from '../../../lib/journal/keeper.ts'
import type { FileStorage } from '../../../lib/storage/file-storage.ts'
import type { Entry, JournalingStorage, ReadOptions, Storage } from '../../../lib/storage/storage.ts'
import type { Survives } from './subject.ts'

// Milliseconds between two fsyncs of the policy `interval`: few, so that a machine need not wait.
const interval = 2

interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

/** A file storage that tells when what was only written is durable. */
class Watched implements JournalingStorage {
  readonly #storage: FileStorage
  #waiting: Array<Waiter> = []

  constructor(storage: FileStorage) {
    this.#storage = storage
  }

  open = (): Promise<void> => this.#storage.open()
  append = (deliveries: readonly Delivery[]): Promise<void> => this.#storage.append(deliveries)
  read = (options?: ReadOptions): AsyncIterable<Entry> => this.#storage.read(options)
  remove = (entries: readonly Entry[]): Promise<void> => this.#storage.remove(entries)
  close = (): Promise<void> => this.#storage.close()
  journal = (deliveries: readonly Delivery[], options: { sync: boolean }): Promise<readonly Entry[]> =>
    this.#storage.journal(deliveries, options)

  async sync(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    try {
      await this.#storage.sync()
    } catch (error) {
      for (const { reject } of waiting) reject(error)
      throw error
    }
    for (const { resolve } of waiting) resolve()
  }

  /** Resolves after the next sync that begins from now on. */
  synced(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }
}

/**
 * What a `JournalTransform` does with its storage, as a storage: an append keeps, a removal forgets. With the policy
 * `interval` what has to survive a loss of power counts as appended after the next sync.
 */
export class JournalAsStorage implements Storage {
  readonly #storage: Watched
  readonly #keeper: Keeper
  readonly #waitsForSync: boolean
  /** What was kept here and is not forgotten: nobody has to read it. */
  readonly #kept = new Map<string, Entry>()
  #failure: Error | undefined

  constructor(storage: FileStorage, sync: 'always' | 'group' | 'interval', survives: Survives) {
    this.#storage = new Watched(storage)
    this.#keeper = new Keeper(this.#storage, { sync, interval }, error => (this.#failure = error))
    this.#waitsForSync = sync === 'interval' && survives === 'power'
  }

  open(): Promise<void> {
    return this.#keeper.open()
  }

  async append(deliveries: readonly Delivery[]): Promise<void> {
    const entries = await this.#keeper.keep(deliveries)
    for (const entry of entries) this.#kept.set(entry.id, entry)
    if (this.#waitsForSync) await this.#storage.synced().catch((cause: unknown) => this.#isOver(cause))
    if (this.#failure !== undefined) this.#isOver(this.#failure)
  }

  // The stream is destroyed then.
  #isOver(cause: unknown): never {
    throw new StorageError('SPW_ERR_STORAGE', 'The journal has failed.', { retryable: false, cause })
  }

  async *read({ claim = false, ...options }: ReadOptions = {}): AsyncGenerator<Entry> {
    if (claim) yield* [...this.#kept.values()]
    yield* this.#storage.read({ claim, ...options })
  }

  async remove(entries: readonly Entry[]): Promise<void> {
    for (const { id } of entries) this.#kept.delete(id)
    await Promise.all(entries.map(entry => this.#keeper.forget(entry)))
  }

  async close(): Promise<void> {
    this.#keeper.stop()
    await this.#keeper.idle()
    await this.#storage.close()
  }
}
