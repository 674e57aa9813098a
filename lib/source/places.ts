import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { newPrefix } from '../delivery/id.ts'
import { type Disk, makeDurableFolder, nodeDisk } from '../storage/file/disk.ts'
import { storageError } from '../storage/file/failure.ts'
import type { InputFile } from './input-files.ts'
import { Place } from './place.ts'
import { type PlaceRecord, readPlace, writePlace } from './place-file.ts'
import type { SourceFile } from './source-file.ts'

export interface PlacesOptions {
  /** The folder of the journal: who has its lock has the places. */
  readonly folder: string
  /** Where the records go: the same file to another endpoint has a place of its own. */
  readonly destination: string
  /** Whether what earlier runs settled counts for nothing. */
  readonly anew: boolean
  /** Told of what the user should know, a sentence each. */
  readonly notify: (sentence: string) => void
  /** Told of what is damaged. */
  readonly warn: (sentence: string) => void
}

interface Open {
  readonly path: string
  readonly name: string
  readonly file: SourceFile
  readonly prefix: string
  readonly place: Place
  isChanged: boolean
}

// Milliseconds between two writes of a place, and after one that failed.
const writeEvery = 50
const tryAgainAfter = 1_000

/** The places of a run in its input files, each in a small file that is replaced as a whole. */
export class Places {
  readonly #options: PlacesOptions
  readonly #disk: Disk
  readonly #open: Open[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(options: PlacesOptions, disk: Disk = nodeDisk) {
    this.#options = options
    this.#disk = disk
  }

  /**
   * The place in a file, which is read by `opened`. Its ids are durable before a record has one. `undefined` for what cannot be
   * read twice. Rejects with a `StorageError`.
   */
  async open({ name, path: input }: InputFile, opened: SourceFile | undefined): Promise<Place | undefined> {
    if (input === undefined || opened === undefined) return undefined
    const folder = join(this.#options.folder, 'places')
    await makeDurableFolder(this.#disk, folder).catch((cause: unknown) => {
      throw storageError(`make ${folder}`, cause)
    })
    const path = join(folder, await this.#nameOf(input))
    const before = await this.#before(path, name, opened)
    const prefix = before?.prefix ?? newPrefix()
    const place = new Place(prefix, before ?? nothing, () => this.#change(open))
    const open: Open = { path, name, file: opened, prefix, place, isChanged: false }
    if (before === undefined) await this.#write(open)
    this.#open.push(open)
    return place
  }

  /** Writes what changed. Rejects with a `StorageError` when it cannot: the next run sends again what was settled since. */
  async close(): Promise<void> {
    await this.#writing
    clearTimeout(this.#timer)
    for (const open of this.#open) if (open.isChanged) await this.#write(open)
  }

  async #nameOf(path: string): Promise<string> {
    const text = `${await realpath(path)}\n${this.#options.destination}`
    return `${createHash('sha256').update(text).digest('hex').slice(0, 32)}.place`
  }

  async #before(path: string, name: string, file: SourceFile): Promise<PlaceRecord | undefined> {
    const { anew, notify, warn } = this.#options
    const found = await readPlace(path)
    if (found === undefined || anew) return undefined
    if (found === 'damaged') {
      await this.#disk.rename(path, `${path}.damaged`)
      warn(`the place in ${name} is damaged and was kept aside as ${path}.damaged: all of it is sent`)
      return undefined
    }
    if (!(await file.isSame(found.fingerprint))) {
      notify(`${name} is another file than the one that was read before: all of it is sent`)
      return undefined
    }
    const left = found.open.reduce((sum, [start, end]) => sum + end - start, 0)
    if (found.read > 0) notify(`${name}: ${found.read - left} bytes were settled by an earlier run and are passed over`)
    return found
  }

  #change(open: Open): void {
    open.isChanged = true
    this.#writeSoon(writeEvery)
  }

  #writeSoon(after: number): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => void (this.#writing = this.#writeChanged()), after)
    this.#timer.unref()
  }

  // What cannot be written now is written later, or at the end, where it is said.
  async #writeChanged(): Promise<void> {
    let after = writeEvery
    for (const open of this.#open) {
      if (open.isChanged) await this.#write(open).catch(() => (after = tryAgainAfter))
    }
    this.#timer = undefined
    if (this.#open.some(({ isChanged }) => isChanged)) this.#writeSoon(after)
  }

  async #write(open: Open): Promise<void> {
    const { path, name, file, prefix, place } = open
    open.isChanged = false
    const progress = place.progress()
    try {
      const fingerprint = await file.fingerprint(progress.read)
      await writePlace(this.#disk, path, { v: 1, input: name, prefix, ...progress, fingerprint })
    } catch (error) {
      open.isChanged = true
      throw error
    }
  }
}

const nothing = { read: 0, open: [] }
