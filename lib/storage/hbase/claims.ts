import type { Envelope } from '../envelope.ts'
import { appendedAt, claimantOf, claimBy, claimText, isForeign } from './entry-row.ts'
import { HBaseEntry, type Place } from './entry.ts'
import type { Readers } from './readers.ts'
import type { Row, Swap, Table } from './table.ts'

/** An entry that a reader would like to have. */
export interface Candidate {
  readonly envelope: Envelope
  readonly row: Row
  readonly place: Place
  readonly older: readonly Place[]
}

/** Claims entries for the readers of one storage, and gives them back. */
export class Claims {
  readonly #table: Table
  readonly #readers: Readers
  readonly #releases = new Set<Promise<void>>()
  /** Claims that this reader may have in the table and nobody was given, since a call failed: it may claim these anew. */
  readonly #lost = new Set<string>()
  #waiting: Swap[] = []
  #count = 0

  constructor(table: Table, readers: Readers) {
    this.#table = table
    this.#readers = readers
  }

  async begin(): Promise<void> {
    await this.#readers.begin()
    await this.released()
  }

  /** Those of a group that nobody else has, one after the other. What was claimed and not given is given back. */
  async *given(group: readonly Candidate[], signal: AbortSignal | undefined): AsyncGenerator<HBaseEntry> {
    const { lapses } = this.#readers
    const entries = await this.#claim(await this.#free(group))
    let given = 0
    try {
      for (const entry of entries) {
        if (signal?.aborted) return
        this.#readers.checkSince(lapses)
        given++
        yield entry
      }
    } finally {
      for (const entry of entries.slice(given)) entry.release()
    }
  }

  /** Resolves when all that was given back is free for others. */
  async released(): Promise<void> {
    while (this.#releases.size > 0) await Promise.all(this.#releases)
  }

  // Whoever claims has said before that he lives, so a look that is made now tells of every claim that was seen.
  async #free(group: readonly Candidate[]): Promise<Candidate[]> {
    const others = group.some(({ row }) => !['', this.#readers.id].includes(claimantOf(row)))
    if (others) await this.#readers.look()
    return group.filter(({ row }) => {
      const claimant = claimantOf(row)
      if (claimant === this.#readers.id) return this.#lost.has(nameOf(row.key, claimText(row)))
      return claimant === '' || !this.#readers.lives(claimant)
    })
  }

  async #claim(free: readonly Candidate[]): Promise<HBaseEntry[]> {
    const mark = `${this.#readers.id}/${this.#count++}`
    const swaps = free.map(({ row, place: { key, time } }) => ({
      key,
      qualifier: 'claim',
      expected: claimText(row),
      value: claimBy(mark, appendedAt(row)),
      time
    }))
    try {
      const done = await this.#swapSurely(swaps)
      for (const { key, expected } of swaps) this.#lost.delete(nameOf(key, expected))
      const kept = await this.#stillThere(free.filter((_candidate, i) => done[i]))
      return kept.map(({ envelope, row, place, older }) => {
        const appended = appendedAt(row)
        return new HBaseEntry(envelope, place, older, () => this.#release(place, mark, appended))
      })
    } catch (error) {
      for (const { key, value } of swaps) this.#lost.add(nameOf(key, value))
      throw error
    }
  }

  // When an answer is lost the swap is made again, and finds its own value: it was done all the same.
  async #swapSurely(swaps: readonly Swap[]): Promise<boolean[]> {
    const done = await this.#table.swap(swaps)
    const failed = swaps.filter((_swap, i) => !done[i])
    if (failed.length === 0) return done
    const ours = await this.#table.swap(failed.map(swap => ({ ...swap, expected: swap.value })))
    return done.map(isDone => isDone || ours.shift()!)
  }

  // A row of StreamPark's has nothing that a claim could be checked against: one that was removed meanwhile would come back.
  async #stillThere(claimed: readonly Candidate[]): Promise<readonly Candidate[]> {
    const foreign = claimed.filter(({ row }) => isForeign(row))
    if (foreign.length === 0) return claimed
    const isThere = await this.#table.swap(foreign.map(({ row, place }) => unchanged(row, place)))
    const gone = new Set(foreign.filter((_candidate, i) => !isThere[i]))
    await this.#table.remove([...gone].map(({ place: { key, time } }) => ({ key, upTo: time })))
    return claimed.filter(candidate => !gone.has(candidate))
  }

  // What is released in one turn of the event loop goes in one call.
  #release({ key, time }: Place, mark: string, appended: number): void {
    const [expected, value] = [claimBy(mark, appended), claimBy('', appended)]
    this.#waiting.push({ key, qualifier: 'claim', expected, value, time })
    if (this.#waiting.length > 1) return
    const release = this.#releaseAll().finally(() => this.#releases.delete(release))
    this.#releases.add(release)
  }

  async #releaseAll(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
    const swaps = this.#waiting
    this.#waiting = []
    try {
      await this.#table.swap(swaps)
    } catch {
      // To others it is free when this reader has ended.
      for (const { key, expected } of swaps) this.#lost.add(nameOf(key, expected))
    }
  }
}

const nameOf = (key: Buffer, claim: string | Uint8Array): string => `${key.toString('latin1')} ${String(claim)}`

// Writes what is there once more, if it is there.
function unchanged({ cells }: Row, { key, time }: Place): Swap {
  const { value } = cells.get('values')!
  return { key, qualifier: 'values', expected: value, value, time }
}
