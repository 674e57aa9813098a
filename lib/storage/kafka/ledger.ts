import { StorageError } from '../../errors.ts'
import type { Appender } from './appender.ts'
import type { Membership, MembershipOptions, Offset } from './membership.ts'
import { moveAhead } from './moving.ts'
import { type Place, Progress } from './progress.ts'
import type { Extent, TopicLog } from './topic-log.ts'

export interface LedgerOptions {
  readonly log: TopicLog
  readonly groupId: string
  /** For entries that are appended again. */
  readonly appender: Appender
  readonly close: () => void
  readonly join: (seams: Pick<MembershipOptions, 'held' | 'partitions' | 'assigned' | 'lost'>) => Membership
}

/** A reading that claims, as far as the ledger must know it. */
export interface Claiming {
  /** What is below this offset was given, or passed over, by it. */
  passed(partition: number): number
}

/** So often what is settled is settled again when our place in the group was lost, and is there again, before it was committed. */
const mostSettlings = 3

/** Records are deleted from the log when so many are settled, and at the end. */
const deleteEvery = 1_000

/**
 * What is settled of a topic, and who has which entry, for all storages of the topic in this process.
 *
 * A partition is ours, another process's, or nobody's. We are a member of the group, and have partitions, only while somebody
 * reads with claims, has claims, or removes. What is ours changes here first and is then committed; what is not ours is as the
 * group's last commit says.
 *
 * An entry of a partition that is ours is open, claimed, or settled. Settled offsets in a row from the committed one on are
 * passed by the next commit, and then deleted from the log; those beyond are in the text that is committed beside it. That
 * text has room for some thousand of them at least: when it is full, open entries that hold the offset up, because a filter
 * skips them or they were released, are appended again and count as settled where they were. Those that are claimed stay, and
 * what does not fit is committed when they are settled: a crash before that makes duplicates of it.
 *
 * A topic that was deleted and made anew under its name is another one, where the brokers tell: what is ours then is looked up
 * anew, and what was read of the old one is gone.
 *
 * Longer than most files: the states of an entry, and of our place in the group, are one machine, which parts would hide.
 */
export class Ledger {
  readonly log: TopicLog
  readonly #groupId: string
  readonly #appender: Appender
  readonly #closed: () => void
  readonly #membership: Membership
  readonly #ours = new Map<number, Progress>()
  readonly #claims = new Map<number, Map<string, object>>()
  readonly #uncommitted = new Set<number>()
  #beingCommitted: readonly number[] = []
  readonly #deleted = new Map<number, number>()
  readonly #readings = new Set<Claiming>()
  /** Which topic of this name `#ours` is of. */
  #topic: string | undefined
  #users = 0
  #resting: Promise<void> = Promise.resolve()
  #committing: Promise<void> = Promise.resolve()
  #nextCommit: Promise<void> | undefined
  #deleting: Promise<void> = Promise.resolve()

  constructor({ log, groupId, appender, close, join }: LedgerOptions) {
    this.log = log
    this.#groupId = groupId
    this.#appender = appender
    this.#closed = close
    this.#membership = join({
      held: () => this.#held(),
      partitions: async () => ((await log.extents()) ?? []).map(({ partition }) => partition),
      assigned: partitions => this.#assigned(partitions),
      lost: () => this.#lost()
    })
  }

  /** The partitions that are ours. */
  get partitions(): readonly number[] {
    return [...this.#ours.keys()]
  }

  /** Partitions are ours, if they can be, until `endReading`. */
  async beginReading(reading: Claiming): Promise<void> {
    this.#readings.add(reading)
    try {
      await this.#enterAnew()
    } catch (error) {
      this.#readings.delete(reading)
      throw error
    }
  }

  endReading(reading: Claiming): void {
    this.#readings.delete(reading)
    this.#exit()
  }

  /** Which topic of its name there is now. */
  identity(): Promise<string | undefined> {
    return this.log.identity(this.#groupId)
  }

  /** What is settled of these partitions, as far as this process can know it. */
  async progressOf(extents: readonly Extent[]): Promise<Map<number, Progress>> {
    const committed = await this.log.committed(
      this.#groupId,
      extents.map(({ partition }) => partition)
    )
    const isBeyond = ({ partition, high }: Extent): boolean => (committed.get(partition)?.offset ?? -1) > high
    // Others may have appended and settled since the extents were looked up.
    const now = extents.some(isBeyond) ? ((await this.log.extents()) ?? []) : []
    return new Map(
      extents.map(extent => {
        const { partition } = extent
        const latest = now.find(other => other.partition === partition) ?? extent
        return [partition, progressIn(latest, committed.get(partition))]
      })
    )
  }

  /** What is settled of a partition that is ours. */
  progress(partition: number): Progress | undefined {
    return this.#ours.get(partition)
  }

  /** Whether what is ours is nobody else's. Else `confirm()` before anything is claimed. */
  get isSure(): boolean {
    return this.#membership.isSure
  }

  confirm(): Promise<void> {
    return this.#membership.confirm()
  }

  /** `false` when it is settled, claimed already, or not ours. */
  claim(place: Place, reader: object): boolean {
    const progress = this.#ours.get(place.partition)
    const claims = this.#claims.get(place.partition)
    if (progress === undefined || claims === undefined) return false
    if (this.#isOfAnother(place) || progress.isSettled(place)) return false
    const key = keyOf(place)
    if (claims.has(key)) return false
    claims.set(key, reader)
    this.#users++
    return true
  }

  release(place: Place, reader: object): void {
    const claims = this.#claims.get(place.partition)
    const key = keyOf(place)
    if (this.#isOfAnother(place) || claims?.get(key) !== reader) return
    claims.delete(key)
    this.#exit()
  }

  /** Ends all claims of a reader. */
  releaseAll(reader: object): void {
    for (const claims of this.#claims.values()) {
      for (const [key, claimedBy] of claims) {
        if (claimedBy !== reader) continue
        claims.delete(key)
        this.#exit()
      }
    }
  }

  /** Resolves when it is committed that these are settled, or when they are of a topic that is gone. */
  async settle(places: readonly Place[]): Promise<void> {
    await this.#enter()
    try {
      if (places.some(place => this.#isOfAnother(place))) await this.#look()
      let open: Place | undefined
      for (let tried = 0; tried < mostSettlings; tried++) {
        for (const place of places) this.#settled(place)
        await this.#commit()
        open = places.find(
          place => !this.#isOfAnother(place) && this.#ours.get(place.partition)?.isSettled(place) !== true
        )
        if (open === undefined) return
        if (!this.#ours.has(open.partition)) break
      }
      throw this.#lockedError(open!.partition)
    } finally {
      this.#exit()
    }
  }

  async close(): Promise<void> {
    await this.#resting
    await this.#membership.close()
    await this.#appender.close()
    await this.log.close()
    this.#closed()
  }

  #settled(place: Place): void {
    const progress = this.#ours.get(place.partition)
    if (progress === undefined || this.#isOfAnother(place)) return
    progress.settle(place)
    this.#uncommitted.add(place.partition)
    const claims = this.#claims.get(place.partition)
    if (claims?.delete(keyOf(place)) === true) this.#exit()
  }

  #isOfAnother({ topic }: Place): boolean {
    return topic !== undefined && this.#topic !== undefined && topic !== this.#topic
  }

  /** Enters, and looks whether what is ours is of the topic that is there now. */
  async #enterAnew(): Promise<void> {
    await this.#enter()
    try {
      await this.#look()
    } catch (error) {
      this.#exit()
      throw error
    }
  }

  async #look(): Promise<void> {
    if (await this.#isAnew()) await this.#membership.reassign()
  }

  async #isAnew(): Promise<boolean> {
    const topic = await this.identity()
    return topic !== undefined && topic !== this.#topic
  }

  async #enter(): Promise<void> {
    this.#users++
    try {
      await this.#resting
      await this.#membership.join()
    } catch (error) {
      this.#exit()
      throw error
    }
  }

  #exit(): void {
    if (--this.#users > 0) return
    this.#resting = this.#resting.then(() => this.#rest()).catch(() => undefined)
  }

  /** Nobody needs the group now. */
  async #rest(): Promise<void> {
    if (this.#users > 0) return
    await this.#deleteSettled(1).catch(() => undefined)
    if (this.#users > 0) return
    await this.#membership.leave()
  }

  #held(): readonly number[] {
    if (this.#readings.size > 0) return [...this.partitions]
    return this.partitions.filter(
      partition =>
        (this.#claims.get(partition)?.size ?? 0) > 0 ||
        this.#uncommitted.has(partition) ||
        this.#beingCommitted.includes(partition)
    )
  }

  async #assigned(partitions: readonly number[]): Promise<void> {
    for (const partition of this.partitions) if (!partitions.includes(partition)) this.#drop(partition)
    const topic = await this.identity()
    if (topic !== undefined && topic !== this.#topic) {
      this.#lost()
      this.#topic = topic
    }
    const added = partitions.filter(partition => !this.#ours.has(partition))
    if (added.length === 0) return
    const extents = ((await this.log.extents()) ?? []).filter(({ partition }) => added.includes(partition))
    if (extents.length === 0) return
    for (const [partition, progress] of await this.progressOf(extents)) {
      this.#ours.set(partition, progress)
      this.#claims.set(partition, new Map())
      this.#deleted.set(partition, progress.base)
    }
  }

  #lost(): void {
    for (const partition of this.partitions) this.#drop(partition)
  }

  #drop(partition: number): void {
    const claims = this.#claims.get(partition)
    this.#ours.delete(partition)
    this.#claims.delete(partition)
    this.#uncommitted.delete(partition)
    for (let i = claims?.size ?? 0; i > 0; i--) this.#exit()
  }

  /** Commits what is settled; all that comes while a commit is under way goes in the next. */
  #commit(): Promise<void> {
    this.#nextCommit ??= this.#committing
      .catch(() => undefined)
      .then(() => {
        this.#nextCommit = undefined
        this.#committing = this.#commitNow()
        return this.#committing
      })
    return this.#nextCommit
  }

  async #commitNow(): Promise<void> {
    // Committed for another topic of the name, it would pass over what is in that.
    if (this.#uncommitted.size > 0) await this.#look()
    const partitions = [...this.#uncommitted]
    if (partitions.length === 0) return
    this.#uncommitted.clear()
    this.#beingCommitted = partitions
    try {
      for (const partition of partitions) await this.#makeRoom(partition)
      await this.#membership.commit(() => partitions.flatMap(partition => this.#offsetOf(partition)))
      this.#deleteSettled(deleteEvery).catch(() => undefined)
    } catch (error) {
      for (const partition of partitions) if (this.#ours.has(partition)) this.#uncommitted.add(partition)
      throw error
    } finally {
      this.#beingCommitted = []
    }
  }

  /** None for a partition that is not ours. */
  #offsetOf(partition: number): readonly Offset[] {
    const progress = this.#ours.get(partition)
    if (progress === undefined) return []
    const { offset, metadata } = progress.commit()
    return [{ partition, offset, metadata }]
  }

  async #makeRoom(partition: number): Promise<void> {
    const progress = this.#ours.get(partition)
    if (progress === undefined || progress.commit().isWhole) return
    const claims = this.#claims.get(partition)!
    const end = Math.min(progress.middle, ...[...this.#readings].map(reading => reading.passed(partition)))
    const claimed = new Set([...claims.keys()].map(key => Number(key.split('.')[0])))
    await moveAhead({
      log: this.log,
      appender: this.#appender,
      partition,
      progress,
      end,
      isClaimed: at => claimed.has(at)
    })
  }

  // Who has no right to delete leaves them in the log: the commit says that they are settled, as long as Kafka keeps it.
  #deleteSettled(atLeast: number): Promise<void> {
    this.#deleting = this.#deleting
      .catch(() => undefined)
      .then(async () => {
        const offsets = new Map<number, number>()
        for (const [partition, { base }] of this.#ours) {
          if (!this.#uncommitted.has(partition) && base - this.#deleted.get(partition)! >= atLeast) {
            offsets.set(partition, base)
          }
        }
        if (offsets.size === 0 || (await this.#isAnew())) return
        await this.log.deleteBefore(offsets)
        for (const [partition, offset] of offsets)
          if (this.#deleted.has(partition)) this.#deleted.set(partition, offset)
      })
    return this.#deleting
  }

  #lockedError(partition: number): StorageError {
    const message = `Cannot remove from the topic ${this.log.topic}: another process reads its partition ${partition}.`
    return new StorageError('SPW_ERR_STORAGE_LOCKED', message, { retryable: true })
  }
}

function progressIn({ low, high }: Extent, committed?: { offset: number; metadata: string | null }): Progress {
  // One that is past the end is of an earlier topic of this name.
  const isKnown = committed !== undefined && committed.offset >= 0 && committed.offset <= high
  const progress = isKnown ? Progress.of(committed.offset, committed.metadata) : new Progress(low)
  progress.pass(low)
  return progress
}

const keyOf = ({ offset, index }: Place): string => `${offset}.${index}`
