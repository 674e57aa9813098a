import { matching } from '../filter.ts'
import type { ReadOptions } from '../storage.ts'
import { Cursor } from './cursor.ts'
import { KafkaEntry } from './entry.ts'
import type { Claiming, Ledger } from './ledger.ts'
import type { Unread } from './message.ts'
import type { Place, Progress } from './progress.ts'
import type { Extent } from './topic-log.ts'

/** So many entries, or bytes of them, are looked at before the first of them is given. */
const windowEntries = 2_000
const windowBytes = 16 * 1024 * 1024

/** An entry that was read, and may be given. */
interface Candidate {
  readonly unread: Unread
  readonly place: Place
  /** Where duplicates and older versions of it are. */
  others: readonly Place[]
  isSuperseded: boolean
}

/**
 * The entries of a topic, the oldest of all partitions first, up to where it ended when this began. Several versions, and
 * duplicates, of one id are known as such when they are no further apart than the window.
 */
export async function* entriesOf(
  ledgerToRead: () => Promise<Ledger>,
  { filter, claim = false, signal }: ReadOptions,
  reader: object
): AsyncGenerator<KafkaEntry> {
  const ledger = await ledgerToRead()
  const matches = filter === undefined ? undefined : matching(filter)
  const extents = ((await ledger.log.extents()) ?? []).filter(({ low, high }) => high > low)
  if (extents.length === 0) return
  // Before anything is read: what was in an older topic of the name must not pass for what is in this one.
  const topic = await ledger.identity()
  const reading = new Reading(ledger, claim, topic)
  if (claim) await ledger.beginReading(reading)
  try {
    // What others leave while we read is ours to read.
    while (await reading.begin(extents)) {
      while (signal?.aborted !== true) {
        if (reading.needsMore) await reading.readOn()
        // After a pause of this process others may have been given what is in the window.
        if (claim && !ledger.isSure) await ledger.confirm()
        const next = reading.next()
        if (next === undefined) break
        const { unread, place, others } = next
        if (reading.isSettled(place)) continue
        const places = others.length === 0 ? [place] : [place, ...others]
        const entry = new KafkaEntry(unread, ledger.log.topic, places, claim ? { ledger, reader } : undefined)
        if (matches?.(entry.envelope) === false || (claim && !ledger.claim(place, reader))) continue
        yield entry
      }
    }
  } finally {
    if (claim) ledger.endReading(reading)
  }
}

class Reading implements Claiming {
  readonly #ledger: Ledger
  readonly #claim: boolean
  readonly #topic: string | undefined
  readonly #begun = new Set<number>()
  readonly #passed = new Map<number, number>()
  readonly #queue: Candidate[] = []
  readonly #latest = new Map<string, Candidate>()
  #first = 0
  #bytes = 0
  #cursors: Cursor[] = []
  #committed = new Map<number, Progress>()

  constructor(ledger: Ledger, claim: boolean, topic: string | undefined) {
    this.#ledger = ledger
    this.#claim = claim
    this.#topic = topic
  }

  /** Takes up the partitions that are there to be read and were not read yet: `false` when there are none. */
  async begin(extents: readonly Extent[]): Promise<boolean> {
    const { partitions } = this.#ledger
    const added = extents.filter(
      ({ partition }) => !this.#begun.has(partition) && (!this.#claim || partitions.includes(partition))
    )
    if (added.length === 0) return false
    if (!this.#claim) this.#committed = await this.#ledger.progressOf(added)
    for (const extent of added) {
      this.#begun.add(extent.partition)
      const from = Math.max(extent.low, this.#progress(extent.partition)?.base ?? 0)
      this.#passed.set(extent.partition, from)
      if (from < extent.high) this.#cursors.push(this.#cursor({ ...extent, low: from }))
    }
    return true
  }

  passed(partition: number): number {
    return this.#passed.get(partition) ?? 0
  }

  /** Whether the window is not full, and can be. */
  get needsMore(): boolean {
    return this.#hasRoom(windowEntries, windowBytes)
  }

  async readOn(): Promise<void> {
    // Some more at once: one by one costs more than the rest.
    while (this.#hasRoom(windowEntries * 1.25, windowBytes * 1.25)) {
      const empty = this.#cursors.filter(cursor => cursor.isEmpty)
      if (empty.length > 0) {
        await Promise.all(empty.map(cursor => cursor.load()))
        this.#cursors = this.#cursors.filter(cursor => !cursor.isDone)
      } else this.#take(oldestOf(this.#cursors))
    }
  }

  next(): Candidate | undefined {
    while (this.#first < this.#queue.length) {
      const candidate = this.#queue[this.#first++]!
      this.#shrink()
      this.#bytes -= candidate.unread.bytes
      this.#passed.set(candidate.place.partition, candidate.place.offset)
      if (candidate.isSuperseded) continue
      this.#latest.delete(candidate.unread.key)
      return candidate
    }
    return undefined
  }

  isSettled(place: Place): boolean {
    return this.#progress(place.partition)?.isSettled(place) === true
  }

  #cursor(extent: Extent): Cursor {
    return new Cursor(this.#ledger.log, extent, (start, end) =>
      this.#ledger.progress(extent.partition)?.skip(start, end)
    )
  }

  #hasRoom(entries: number, bytes: number): boolean {
    return this.#cursors.length > 0 && this.#queue.length - this.#first < entries && this.#bytes < bytes
  }

  #progress(partition: number): Progress | undefined {
    return this.#ledger.progress(partition) ?? this.#committed.get(partition)
  }

  #shrink(): void {
    if (this.#first < windowEntries) return
    this.#queue.splice(0, this.#first)
    this.#first = 0
  }

  #take(cursor: Cursor): void {
    const { partition } = cursor
    const { offset, unread } = cursor.take()
    const of = unread.length
    for (let index = 0; index < of; index++) {
      const place = { partition, offset, index, of, topic: this.#topic }
      if (!this.isSettled(place)) this.#add({ unread: unread[index]!, place, others: none, isSuperseded: false })
    }
  }

  #add(candidate: Candidate): void {
    const { key, bytes } = candidate.unread
    const before = this.#latest.get(key)
    if (before !== undefined && !this.#supersedes(candidate, before)) return
    this.#latest.set(key, candidate)
    this.#queue.push(candidate)
    this.#bytes += bytes
  }

  /** Whether both are to stand in the window: not when one is an older version, or a duplicate, of the one that does. */
  #supersedes(candidate: Candidate, before: Candidate): boolean {
    const [now, then] = [candidate.unread.envelope(), before.unread.envelope()]
    // Ids that are no text may have the same key.
    if (now.id !== then.id) return true
    if (now.version <= then.version) {
      before.others = [...before.others, candidate.place]
      return false
    }
    before.isSuperseded = true
    candidate.others = [before.place, ...before.others]
    return true
  }
}

const none: readonly Place[] = []

function oldestOf(cursors: readonly Cursor[]): Cursor {
  let oldest = cursors[0]!
  for (let i = 1; i < cursors.length; i++) if (cursors[i]!.order < oldest.order) oldest = cursors[i]!
  return oldest
}
