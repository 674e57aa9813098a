import type { Delivery } from '../../delivery.ts'
import { StorageError } from '../../errors.ts'
import type { Entry } from '../storage.ts'
import type { Disk } from './disk.ts'
import { FileEntry, type Position } from './entry.ts'
import { storageError } from './failure.ts'
import { type Folder, loadFolder } from './folder.ts'
import { entriesOf } from './reader.ts'
import { RemovalLog } from './removal-log.ts'
import { repair } from './repair.ts'
import type { Segment } from './segment.ts'
import { Writer } from './writer.ts'

/**
 * What this process does in a folder that it has the lock of: the appends, the removals, the claims. All `FileStorage`s of
 * the folder share it.
 */
export class Engine {
  readonly folder: Folder
  readonly #lock: { release(): Promise<void> }
  readonly #log: RemovalLog
  readonly #writer: Writer
  readonly #worthDropping: number
  #sweeping: Promise<void> = Promise.resolve()

  private constructor(folder: Folder, lock: { release(): Promise<void> }, segmentBytes: number) {
    this.folder = folder
    this.#lock = lock
    this.#log = new RemovalLog(folder)
    this.#writer = new Writer(folder, this.#log, segmentBytes)
    this.#worthDropping = segmentBytes / 8
  }

  /** Takes the lock, and puts right what a crash left. Rejects with a `StorageError`. */
  static async open(disk: Disk, path: string, segmentBytes: number): Promise<Engine> {
    const lock = await disk.lock(path)
    try {
      // Not every file system can: better to know now than after the first append.
      await disk.syncFolder(path)
      const folder = await loadFolder(disk, path)
      await repair(folder)
      const engine = new Engine(folder, lock, segmentBytes)
      await engine.#swept()
      return engine
    } catch (cause) {
      await lock.release()
      throw storageError(`open ${path}`, cause)
    }
  }

  append(deliveries: readonly Delivery[]): Promise<void> {
    return this.#writer.append(deliveries)
  }

  /** Appends, and gives the entries, claimed for `keeper`. Without `sync` they are only written. */
  async journal(deliveries: readonly Delivery[], sync: boolean, keeper: object): Promise<Entry[]> {
    const places = await this.#writer.journal(deliveries, sync)
    return deliveries.map((delivery, i) => {
      const { segment, offset } = places[i]!
      const entry = new FileEntry(delivery, segment, offset, none, keeper)
      entry.claim()
      return entry
    })
  }

  /** Makes durable what was only written. */
  sync(): Promise<void> {
    return this.#writer.sync()
  }

  async remove(entries: readonly Entry[]): Promise<void> {
    const unplaced = new Map<string, number>()
    for (const { id, version, positions } of entries.map(placed)) {
      if (positions === undefined) unplaced.set(id, Math.max(version, unplaced.get(id) ?? 0))
      else for (const position of positions) this.#removeAt(position)
      this.folder.forget(id, version)
    }
    if (unplaced.size > 0) await this.#find(unplaced)
    await this.#log.flush()
    await this.#writer.letGo(this.#worthDropping)
    await this.#swept()
  }

  /** Ends the claims of one of those who share this. */
  leave(reader: object): void {
    for (const segment of this.folder.segments) FileEntry.endClaims(segment, reader)
  }

  /** Waits for the appends that are under way. */
  idle(): Promise<void> {
    return this.#writer.idle()
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    try {
      await this.#writer.close()
      await this.#swept()
      await this.#log.close()
    } finally {
      await this.#lock.release()
    }
  }

  // The entry may have been read by somebody who only looked, and knows the segment by another object.
  #removeAt({ segment: { id }, offset }: Position): void {
    const segment = this.folder.segment(id)
    const cell = segment?.remove(offset)
    if (cell !== undefined) this.#log.add(segment!, cell)
  }

  // Entries that were not read from here are found by their key.
  async #find(keys: ReadonlyMap<string, number>): Promise<void> {
    for await (const entry of entriesOf(() => this.folder, {}, this)) {
      const version = keys.get(entry.id)
      if (version === undefined || entry.version > version) continue
      for (const position of FileEntry.positions(entry)!) this.#removeAt(position)
    }
  }

  /** Deletes the segments all of whose entries are gone. One that cannot be deleted now is so later. */
  #swept(): Promise<void> {
    const isEmpty = this.folder.segments.some(segment => this.#isEmpty(segment))
    if (isEmpty) this.#sweeping = this.#sweeping.then(() => this.#sweep()).catch(() => undefined)
    return this.#sweeping
  }

  async #sweep(): Promise<void> {
    const { disk, path } = this.folder
    const empty = this.folder.segments.filter(segment => this.#isEmpty(segment))
    if (empty.length === 0) return
    for (const segment of empty) {
      // At once: the writer must not go on in one that is about to be deleted.
      segment.isDropped = true
      this.#log.note({ dropped: [[segment.sequence, segment.sequence]] })
    }
    const left = new Set(empty)
    try {
      // What stands in for an entry of theirs elsewhere must be known to be gone before they are.
      await this.#log.sync()
      for (const segment of empty) {
        left.delete(segment)
        await disk.remove(segment.path)
      }
    } catch (cause) {
      for (const segment of left) segment.isDropped = false
      throw cause
    }
    await disk.syncFolder(path)
    for (const segment of empty) this.folder.drop(segment)
  }

  #isEmpty(segment: Segment): boolean {
    return segment.live === 0 && !segment.isDropped && segment.isKeptAside && !this.#writer.isWriting(segment)
  }
}

const none: readonly Position[] = []

function placed(entry: Entry): { id: string; version: number; positions: Position[] | undefined } {
  return { id: entry.id, version: entry.version, positions: FileEntry.positions(entry) }
}

/** The error of a storage that is used after it was closed. */
export function closedError(path: string): StorageError {
  return new StorageError('SPW_ERR_STORAGE', `The storage ${path} was closed.`, { retryable: false })
}
