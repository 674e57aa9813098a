import type { Delivery } from '../../delivery.ts'
import { StorageError } from '../../errors.ts'
import { encodeLine } from '../envelope-line.ts'
import { type DiskFile, writeAll } from './disk.ts'
import { codeOf, storageError } from './failure.ts'
import { headerLine } from './file-header.ts'
import { type Folder, segmentsOfEarlier } from './folder.ts'
import { Group } from './group.ts'
import { line } from './line.ts'
import type { Position } from './entry.ts'
import type { RemovalLog } from './removal-log.ts'
import { newSegmentId } from './segment-id.ts'
import { renew } from './renew.ts'
import { Segment } from './segment.ts'

// So much is worth a write and a sync of its own, in bytes.
const muchBytes = 192 * 1024

interface Active {
  readonly segment: Segment
  readonly file: DiskFile
  /** Whether the folder does not durably name it yet. */
  isNew: boolean
  /** Whether something in it was written and not made durable. */
  isDirty: boolean
  isSyncing: boolean
}

/**
 * Appends deliveries to the last segment. All that wait share one write and one sync; what comes while these run is the next
 * group. An append is in the group that waits, or in the one that is being written, or over.
 *
 * Longer than most files: what may follow a failed write depends on all that was written, synced or begun before it.
 */
export class Writer {
  readonly #folder: Folder
  readonly #log: RemovalLog
  readonly #segmentBytes: number
  #active: Active | undefined
  /** A segment of an earlier opening, to go on with. */
  #last: Segment | undefined
  /** Segments of an earlier opening in which there may be what was written and is not durable. */
  readonly #earlier: Segment[]
  #waiting: Group | undefined
  #running: Promise<void> | undefined
  #isStarting = false

  constructor(folder: Folder, log: RemovalLog, segmentBytes: number) {
    this.#folder = folder
    this.#log = log
    this.#segmentBytes = segmentBytes
    const last = folder.segments.at(-1)
    this.#earlier = folder.segments.slice(-segmentsOfEarlier)
    if (last?.isGrowable === true) this.#last = last
  }

  append(deliveries: readonly Delivery[]): Promise<void> {
    let texts: string[]
    try {
      texts = deliveries.map(encoded)
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#join(deliveries, texts, { sync: true, known: true }).done
  }

  /**
   * Appends, and says where each delivery is. Whether it is there already is not asked. Without `sync` they are only written:
   * a crash of the machine takes what was not synced by then.
   */
  async journal(deliveries: readonly Delivery[], sync: boolean): Promise<Position[]> {
    const texts = deliveries.map(encoded)
    const first = this.#waiting?.ids.length ?? 0
    const group = this.#join(deliveries, texts, { sync, known: false })
    await group.done
    const { segment, start } = group.place!
    return deliveries.map((_, i) => ({ segment, offset: start + group.offsets[first + i]! }))
  }

  /** Makes all that was written durable. */
  sync(): Promise<void> {
    return this.#join([], [], { sync: true, known: false }).done
  }

  /** Whether appends go to this segment, or are about to. */
  isWriting(segment: Segment): boolean {
    return this.#active?.segment === segment || (this.#running !== undefined && this.#last === segment)
  }

  /** Lets go of the segment it writes to when all its entries are gone and it is worth being deleted. */
  async letGo(worthBytes: number): Promise<void> {
    const active = this.#active
    if (active === undefined || this.#running !== undefined) return
    if (active.segment.live > 0 || active.segment.end < worthBytes) return
    this.#active = undefined
    await active.file.close()
  }

  /** Waits for what is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined || this.#waiting !== undefined) await (this.#running ?? turn())
  }

  async close(): Promise<void> {
    await this.idle()
    const active = this.#active
    this.#active = undefined
    try {
      if (active?.isDirty === true) await active.file.sync()
    } finally {
      await active?.file.close()
    }
  }

  #join(
    deliveries: readonly Delivery[],
    texts: readonly string[],
    { sync, known }: { sync: boolean; known: boolean }
  ): Group {
    const group = (this.#waiting ??= new Group())
    if (sync) group.syncs = true
    for (let i = 0; i < texts.length; i++) this.#add(group, deliveries[i]!, texts[i]!, known)
    if (this.#running === undefined) this.#startSoon(group)
    return group
  }

  #add(group: Group, { id, version }: Delivery, text: string, known: boolean): void {
    if (!known) return group.add(id, version + 1, text)
    if (this.#folder.knows(id, version + 1)) {
      group.leans = true
      if (!this.#folder.isRecent(id, version + 1)) group.leansOnEarlier = true
      return
    }
    group.add(id, version + 1, text)
    this.#folder.recent.set(id, version + 1)
  }

  // What comes in one turn of the event loop goes together, unless it is much already: then one group is made while the one
  // before it is being written.
  #startSoon(group: Group): void {
    if (group.bytes >= muchBytes) this.#start()
    else if (!this.#isStarting) {
      this.#isStarting = true
      process.nextTick(() => this.#start())
    }
  }

  #start(): void {
    this.#isStarting = false
    if (this.#running !== undefined || this.#waiting === undefined) return
    this.#running = this.#commit(this.#next()!).then(() => {
      this.#running = undefined
      if (this.#waiting !== undefined) this.#startSoon(this.#waiting)
    })
  }

  #next(): Group | undefined {
    const group = this.#waiting
    this.#waiting = undefined
    return group
  }

  // What failed is never tried again on the same file: its state is unknown, and a second sync would say all is well.
  async #commit(group: Group): Promise<void> {
    if (group.leansOnEarlier && !(await this.#renewed(group))) return
    if (group.bytes === 0 && !(group.syncs && this.#active?.isDirty === true)) return group.succeed()
    try {
      await this.#write(group)
    } catch (first) {
      const { isDirty = false, isSyncing = false } = this.#active ?? {}
      const isSynced = (await this.#abandon()) && !isSyncing
      // What was only written before cannot be written again from here.
      if (isDirty && !isSynced) return this.#fail(group, notDurable(this.#folder.path, first))
      try {
        await this.#write(group)
      } catch (cause) {
        await this.#abandon()
        return this.#fail(group, storageError(`write to ${this.#folder.path}`, cause))
      }
    }
    this.#committed(group)
  }

  /** Whether what was there when the folder was opened is durable. Else the group has failed. */
  async #renewed(group: Group): Promise<boolean> {
    try {
      for (let segment = this.#earlier.at(-1); segment !== undefined; segment = this.#earlier.at(-1)) {
        if (!segment.isDropped) await renew(this.#folder.disk, segment)
        this.#earlier.pop()
      }
      return true
    } catch (cause) {
      this.#fail(group, storageError(`write to ${this.#folder.path}`, cause))
      return false
    }
  }

  async #write(group: Group): Promise<void> {
    const active = group.bytes === 0 ? this.#active! : (this.#ready ?? (await this.#writable()))
    const { segment, file } = active
    if (group.bytes > 0) await writeAll(file, group.sealed(segment.seed), segment.end)
    if (group.syncs || active.isNew) await this.#sync(active)
    else active.isDirty = true
    if (active.isNew) await this.#folder.disk.syncFolder(this.#folder.path)
    // A file that was deleted, or taken elsewhere with its folder, takes what is written all the same.
    else await this.#folder.disk.realPath(segment.path)
    group.place = { segment, start: segment.end }
  }

  async #sync(active: Active): Promise<void> {
    active.isSyncing = true
    await active.file.sync()
    active.isSyncing = active.isDirty = false
  }

  #committed(group: Group): void {
    const { segment } = this.#active!
    if (this.#active!.isNew) this.#folder.add(segment)
    this.#active!.isNew = false
    segment.end += group.bytes
    segment.live += group.ids.length
    for (let i = 0; i < group.ids.length; i++) this.#folder.added(group.ids[i]!, group.versions[i]!)
    group.succeed()
  }

  #fail(group: Group, error: StorageError): void {
    for (const id of group.ids) this.#folder.recent.delete(id)
    group.fail(error)
    if (this.#waiting?.leans !== true) return
    const waiting = this.#next()!
    this.#fail(waiting, error)
  }

  /** The segment that is written to, as long as it is not full. */
  get #ready(): Active | undefined {
    const active = this.#active
    return active !== undefined && active.segment.end < this.#segmentBytes ? active : undefined
  }

  async #writable(): Promise<Active> {
    if (this.#active === undefined && this.#last !== undefined) await this.#goOn(this.#last)
    if (this.#ready !== undefined) return this.#ready
    const full = this.#active
    if (full?.isDirty === true) await this.#sync(full)
    this.#active = undefined
    await full?.file.close()
    return this.#create()
  }

  async #goOn(segment: Segment): Promise<void> {
    try {
      if (segment.isDropped || segment.end >= this.#segmentBytes) return
      const file = await this.#folder.disk.openForWriting(segment.path)
      this.#active = { segment, file, isNew: false, isDirty: false, isSyncing: false }
    } finally {
      this.#last = undefined
    }
  }

  async #create(): Promise<Active> {
    const { disk, path, nextSequence } = this.#folder
    const segment = new Segment(path, newSegmentId(nextSequence))
    const file = await disk.create(segment.path)
    const active = (this.#active = { segment, file, isNew: true, isDirty: false, isSyncing: false })
    const header = headerLine('segment', segment.id)
    await writeAll(file, [header], 0)
    segment.start = segment.end = header.length
    return active
  }

  /**
   * Ends the segment before the write that failed, or deletes it when there was no other. Returns whether what it keeps is
   * durable, as far as that failed for the first time.
   */
  async #abandon(): Promise<boolean> {
    const active = this.#active
    this.#active = undefined
    if (active === undefined) return true
    const { segment, file, isNew } = active
    const end = isNew ? 0 : segment.end
    try {
      await file.truncate(end)
      // Before it is written again elsewhere: else both are there after a loss of power.
      await file.sync()
      if (isNew) await this.#folder.disk.remove(segment.path)
      return true
    } catch {
      this.#log.note({ segment: segment.id, end })
      await this.#log.sync().catch(() => undefined)
      return false
    } finally {
      await file.close().catch(() => undefined)
    }
  }
}

// After all that is waiting to go on in this turn of the event loop.
const turn = (): Promise<void> => new Promise(resolve => process.nextTick(resolve))

function encoded(delivery: Delivery): string {
  const text = textOf(delivery)
  if (text.length * 3 > line.longest && Buffer.byteLength(text) > line.longest)
    throw refused(delivery, 'it is too long')
  return text
}

function textOf(delivery: Delivery): string {
  if (!Number.isFinite(delivery.acceptedAt)) throw refused(delivery, 'its time is none')
  try {
    return encodeLine(delivery)
  } catch (cause) {
    throw refused(delivery, 'it is too long, or no text', cause)
  }
}

// No later try can help: whoever asks again would only hear that all is well.
function notDurable(path: string, cause: unknown): StorageError {
  const message = `What was only written to ${path} could not be made durable: ${String(codeOf(cause))}.`
  return new StorageError('SPW_ERR_STORAGE', message, { retryable: false, cause })
}

function refused({ id }: Delivery, why: string, cause?: unknown): StorageError {
  const message = `The file storage cannot take delivery ${id}: ${why}.`
  return new StorageError('SPW_ERR_STORAGE_REFUSED', message, { retryable: false, cause })
}
