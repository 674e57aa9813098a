import type { Delivery } from '../../../lib/delivery.ts'
import { StorageError } from '../../../lib/errors.ts'
import type { Storage } from '../../../lib/storage/storage.ts'
import { entriesIn } from '../../support/deliveries.ts'
import type { Subject } from './subject.ts'
import { deliveryOf } from './testimony.ts'

/** Whoever uses a storage as the streams do, and says what they do, for a `Testimony`. */
export class Life {
  readonly #create: () => Storage
  readonly #say: (line: string) => void
  readonly #chance: () => number
  readonly #name: string
  readonly #hasVersions: boolean
  readonly #versions = new Map<string, number>()
  #count = 0

  /** `name` is what ids begin with. */
  constructor(
    name: string,
    { hasVersions }: Pick<Subject, 'hasVersions'>,
    create: () => Storage,
    say: (line: string) => void,
    chance: () => number
  ) {
    this.#name = name
    this.#hasVersions = hasVersions
    this.#create = create
    this.#say = say
    this.#chance = chance
  }

  /** Opens the storage, takes so many steps, and closes it. First it appends again what nobody knows how it ended. */
  async run(steps: number, again: readonly Delivery[] = []): Promise<void> {
    const storage = this.#create()
    await this.#persistently('open', () => storage.open())
    if (again.length > 0) await this.#appendAll(storage, again)
    for (let step = 0; step < steps; step++) {
      const what = this.#chance()
      if (what < 0.2) await Promise.all([this.#append(storage), this.#append(storage)])
      else if (what < 0.7) await this.#append(storage)
      else await this.#remove(storage)
    }
    await storage.close().catch((error: unknown) => this.#failed('close', error))
  }

  async #append(storage: Storage): Promise<void> {
    const deliveries = Array.from({ length: 1 + this.#below(5) }, () => this.#next())
    await this.#appendAll(storage, deliveries)
  }

  async #appendAll(storage: Storage, deliveries: readonly Delivery[]): Promise<void> {
    this.#say(`asked ${keysOf(deliveries, 1)}`)
    await this.#persistently('append', () => storage.append(deliveries))
    this.#say(`kept ${keysOf(deliveries, 1)}`)
  }

  async #remove(storage: Storage): Promise<void> {
    const entries = await this.#persistently('read', () => entriesIn(storage, { claim: true }))
    const chosen = entries.filter(() => this.#chance() < 0.5)
    for (const entry of entries) if (!chosen.includes(entry)) entry.release?.()
    for (const { id } of chosen) this.#versions.delete(id)
    this.#say(`removing ${keysOf(chosen)}`)
    await this.#persistently('remove', () => storage.remove(chosen))
    this.#say(`removed ${keysOf(chosen)}`)
  }

  /** A delivery that is new, or one that failed once more. */
  #next(): Delivery {
    const again =
      this.#hasVersions && this.#chance() < 0.15
        ? [...this.#versions.keys()][this.#below(this.#versions.size)]
        : undefined
    const id = again ?? `${this.#name}-${this.#count++}`
    this.#versions.set(id, (this.#versions.get(id) ?? 0) + 1)
    return deliveryOf(id, this.#versions.get(id))
  }

  /** Once more after an error of the storage: what failed for a moment must not fail for ever. */
  async #persistently<T>(what: string, task: () => Promise<T>): Promise<T> {
    for (let left = 3; ; left--) {
      try {
        return await task()
      } catch (error) {
        this.#failed(what, error)
        if (!(error instanceof StorageError) || !error.retryable || left === 0) throw error
      }
    }
  }

  #failed(what: string, error: unknown): void {
    this.#say(`failed ${what}: ${(error as Error).message}`)
  }

  #below(limit: number): number {
    return Math.floor(this.#chance() * limit)
  }
}

const keysOf = (items: ReadonlyArray<{ id: string; version: number }>, more = 0): string =>
  items.map(({ id, version }) => `${id}:${version + more}`).join(' ')
