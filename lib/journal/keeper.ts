import type { Delivery } from '../delivery.ts'
import { OptionsError } from '../errors.ts'
import { envelopeOf } from '../storage/envelope.ts'
import { GroupedRemoval } from '../storage/grouped-removal.ts'
import type { Entry, JournalingStorage, Storage } from '../storage/storage.ts'
import { Patience } from './patience.ts'

/** When what was written counts as durable. */
export interface SyncPolicy {
  readonly sync: 'always' | 'group' | 'interval'
  /** Milliseconds. */
  readonly interval: number
}

// Milliseconds in which removals come together: at full speed a write for each turn was a tenth of the work.
const gather = 2

/** A storage as a journal uses it: by its policy, and with patience. */
export class Keeper {
  readonly #storage: Storage
  readonly #policy: SyncPolicy
  readonly #adding = new Patience()
  readonly #removing = new Patience()
  readonly #removal: GroupedRemoval
  readonly #failed: (error: Error) => void
  #timer: NodeJS.Timeout | undefined
  #syncing: Promise<void> | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** `failed` is called when what was only written could not be made durable. Throws `SPW_ERR_OPTIONS`. */
  constructor(storage: Storage, policy: SyncPolicy, failed: (error: Error) => void) {
    if (storage.durable === false) {
      throw new OptionsError('journal/storage must keep what it is given: "none" and "console" do not')
    }
    if (policy.sync === 'interval' && !isJournaling(storage)) {
      throw new OptionsError('journal/sync: only the storage "file" can sync by "interval"; use "group"')
    }
    this.#storage = storage
    this.#policy = policy
    this.#failed = failed
    const removing = { remove: (entries: readonly Entry[]) => this.#removing.until(() => storage.remove(entries)) }
    this.#removal = new GroupedRemoval(removing, gather)
  }

  open(): Promise<void> {
    return this.#adding.until(() => this.#storage.open())
  }

  /** What was left, oldest first. */
  left(signal: AbortSignal): AsyncIterable<Entry> {
    return this.#storage.read({ claim: true, signal })
  }

  /** Resolves when all of them are as durable as the policy says. */
  async keep(deliveries: readonly Delivery[]): Promise<readonly Entry[]> {
    if (this.#policy.sync !== 'always') return this.#append(deliveries)
    const turn = this.#last.then(() => this.#oneByOne(deliveries))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  /** Resolves when it is written that this one is settled. */
  forget(entry: Entry): Promise<void> {
    return this.#removal.remove(entry)
  }

  /** Ends the waiting for a storage that takes nothing new. */
  stopAdding(): void {
    this.#adding.stop()
  }

  /** Ends the waiting for a storage that takes nothing. */
  stop(): void {
    this.#adding.stop()
    this.#removing.stop()
  }

  /** Waits for removals that are under way, and makes durable what was only written. Rejects when that cannot be. */
  async idle(): Promise<void> {
    await this.#removal.idle()
    await this.#syncing
    if (this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    await (this.#storage as JournalingStorage).sync()
  }

  async #oneByOne(deliveries: readonly Delivery[]): Promise<readonly Entry[]> {
    const entries: Entry[] = []
    for (const delivery of deliveries) entries.push(...(await this.#append([delivery])))
    return entries
  }

  async #append(deliveries: readonly Delivery[]): Promise<readonly Entry[]> {
    const storage = this.#storage
    const sync = this.#policy.sync !== 'interval'
    if (isJournaling(storage)) {
      const entries = await this.#adding.until(() => storage.journal(deliveries, { sync }))
      if (!sync) this.#arm()
      return entries
    }
    await this.#adding.until(() => storage.append(deliveries))
    return deliveries.map(entryOf)
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#syncing = (this.#storage as JournalingStorage).sync()
      this.#syncing.catch(this.#failed)
    }, this.#policy.interval)
  }
}

function isJournaling(storage: Storage): storage is JournalingStorage {
  const { journal, sync } = storage as Partial<JournalingStorage>
  return typeof journal === 'function' && typeof sync === 'function'
}

const entryOf = (delivery: Delivery): Entry => ({
  id: delivery.id,
  version: delivery.version + 1,
  envelope: envelopeOf(delivery)
})
