import { join, resolve } from 'node:path'
import type { Delivery } from '../delivery.ts'
import { optionsParser } from '../options.ts'
import { type Disk, makeDurableFolder, nodeDisk } from './file/disk.ts'
import { closedError, type Engine } from './file/engine.ts'
import { giveBackEngine, openEngine, takeEngine } from './file/engines.ts'
import { codeOf, storageError } from './file/failure.ts'
import { Folder, loadFolder } from './file/folder.ts'
import { entriesOf } from './file/reader.ts'
import { type FileReport, reportOf } from './file/report.ts'
import type { Entry, JournalingStorage, ReadOptions } from './storage.ts'

export type { FileReport } from './file/report.ts'

export interface FileStorageOptions {
  /** The folder. It is made when missing, for this user alone. */
  path: string
  /** A folder within `path`, so that several streams can share one. Letters, digits, `_`, `.` and `-`. */
  table?: string
  /** From this size on the next append starts a new segment. A segment is deleted as a whole. In bytes. @default 67_108_864 */
  segmentBytes?: number
}

export const fileStorageSchema = {
  type: 'object',
  properties: {
    path: { type: 'string', minLength: 1 },
    table: {
      type: 'string',
      pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$',
      form: 'a name of letters, digits, _, . and -, no . or - first, of 1 to 128 characters'
    },
    segmentBytes: { type: 'integer', minimum: 4096, maximum: 1_073_741_824, default: 67_108_864, unit: 'bytes' }
  },
  required: ['path'],
  additionalProperties: false
} as const

const parseOptions = optionsParser<FileStorageOptions & { segmentBytes: number }>('failover', fileStorageSchema)

/**
 * Keeps deliveries in a folder, in segments of checked lines. Nothing is touched before the first use, or `open()`.
 *
 * One process writes to a folder; within it all instances of the same folder work together, with the `segmentBytes` of the
 * first. `append`, `remove` and `read` with `claim` take the lock, and reject with `SPW_ERR_STORAGE_LOCKED` when another
 * process has it; `read` without `claim` and `report` change nothing and go beside any other process.
 *
 * Throws `SPW_ERR_OPTIONS`.
 */
export class FileStorage implements JournalingStorage {
  readonly durable = true
  readonly #folder: string
  readonly #segmentBytes: number
  #disk: Disk = nodeDisk
  #opening: Promise<Engine> | undefined
  #engine: Engine | undefined
  #closing: Promise<void> | undefined

  constructor(options: FileStorageOptions) {
    const { path, table, segmentBytes } = parseOptions(options)
    this.#folder = resolve(table === undefined ? path : join(path, table))
    this.#segmentBytes = segmentBytes
  }

  /** On another disk than the machine's. @internal */
  static on(disk: Disk, options: FileStorageOptions): FileStorage {
    const storage = new FileStorage(options)
    storage.#disk = disk
    return storage
  }

  /** The folder with its whole path, links in it not followed. */
  get folder(): string {
    return this.#folder
  }

  /** Takes the lock and reads what is there. */
  async open(): Promise<void> {
    await this.#opened()
  }

  append(deliveries: readonly Delivery[]): Promise<void> {
    if (this.#engine !== undefined) return this.#engine.append(deliveries)
    return this.#opened().then(engine => engine.append(deliveries))
  }

  /** Appends for a journal: gives the entries, claimed, so that they can be removed without being read. */
  async journal(deliveries: readonly Delivery[], { sync }: { sync: boolean }): Promise<Entry[]> {
    const engine = this.#engine ?? (await this.#opened())
    return engine.journal(deliveries, sync, this)
  }

  /** Makes durable what `journal` only wrote. */
  async sync(): Promise<void> {
    await this.#engine?.sync()
  }

  read(options: ReadOptions = {}): AsyncIterableIterator<Entry> {
    return entriesOf(() => this.#folderToRead(options), options, this)
  }

  async remove(entries: readonly Entry[]): Promise<void> {
    const engine = this.#engine ?? (await this.#opened())
    await engine.remove(entries)
  }

  /** Reads all that is there, checks it, and says how it is. */
  async report(): Promise<FileReport> {
    return reportOf(await this.#folderToRead({}))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #opened(): Promise<Engine> {
    if (this.#closing !== undefined) return Promise.reject(closedError(this.#folder))
    this.#opening ??= this.#open().catch((cause: unknown) => {
      // The next call tries again.
      this.#opening = undefined
      throw storageError(`open ${this.#folder}`, cause)
    })
    return this.#opening
  }

  async #open(): Promise<Engine> {
    await makeDurableFolder(this.#disk, this.#folder)
    const path = await this.#disk.realPath(this.#folder)
    this.#engine = await takeEngine(this.#disk, path, this.#segmentBytes)
    return this.#engine
  }

  async #folderToRead({ claim }: ReadOptions): Promise<Folder> {
    const engine = claim ? await this.#opened() : await this.#engineToRead()
    return engine?.folder ?? this.#look()
  }

  /** One that is open in this process, here or in another instance. */
  async #engineToRead(): Promise<Engine | undefined> {
    if (this.#closing !== undefined) throw closedError(this.#folder)
    if (this.#opening !== undefined) return this.#opening
    const path = await this.#disk.realPath(this.#folder).catch(() => undefined)
    return path === undefined ? undefined : openEngine(this.#disk, path)
  }

  /** What is there, without the lock. A folder that is not there yet is empty. */
  async #look(): Promise<Folder> {
    try {
      return await loadFolder(this.#disk, await this.#disk.realPath(this.#folder))
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') return new Folder(this.#disk, this.#folder)
      throw storageError(`read ${this.#folder}`, cause)
    }
  }

  async #close(): Promise<void> {
    const engine = await this.#opening?.catch(() => undefined)
    if (engine === undefined) return
    this.#engine = undefined
    engine.leave(this)
    await engine.idle()
    const { path } = engine.folder
    await giveBackEngine(this.#disk, path).catch((cause: unknown) => {
      throw storageError(`close ${path}`, cause)
    })
  }
}
