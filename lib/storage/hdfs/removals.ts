import { randomBytes } from 'node:crypto'
import { StorageError } from '../../errors.ts'
import { Cells } from '../file/cells.ts'
import { line, lineOf } from '../file/line.ts'
import { scan } from '../file/scan.ts'
import { Parts } from './parts.ts'
import { pagesOf } from './survey.ts'
import type { WebHdfs } from './web-hdfs.ts'

/** Entries by the data file and the cells that they start in. */
export type Positions = ReadonlyMap<string, readonly number[]>

interface Removed {
  readonly cells: Cells
  count: number
}

/** A file of removals that was read or written. */
interface RemovalFile {
  readonly length: number
  /** The data files that it speaks of. */
  readonly of: ReadonlySet<string>
  /** All of it is understood: else nobody may say that it is not needed any more. */
  readonly isWhole: boolean
}

// From so many files on they are put together into one.
const manyFiles = 32

/**
 * Which entries are gone, of data files that are still there. Each group of removals is a small file of checked lines, `{ file,
 * cells }`, which stays true for ever: those of several processes are simply all read, and one that was cut, or is there twice,
 * does no harm. A file goes when all the data files that it speaks of are gone.
 */
export class Removals {
  readonly #fs: WebHdfs
  readonly #folder: string
  readonly #removed = new Map<string, Removed>()
  readonly #files = new Map<string, RemovalFile>()

  constructor(fs: WebHdfs, folder: string) {
    this.#fs = fs
    this.#folder = folder
  }

  /** The data files of which entries are gone. */
  get known(): ReadonlySet<string> {
    return new Set(this.#removed.keys())
  }

  has(file: string, cell: number): boolean {
    return this.#removed.get(file)?.cells.has(cell) ?? false
  }

  /** How many entries of a data file are gone. */
  count(file: string): number {
    return this.#removed.get(file)?.count ?? 0
  }

  /** Reads what others have removed since. */
  async refresh(): Promise<void> {
    let gone = await this.#readNew(new Set())
    // What is gone by now may have been put together with others, into a file that was not there to be listed.
    while (gone.size > 0) gone = await this.#readNew(gone)
  }

  /** Gives the files that were listed and were not there to be read; throws where that was so before. */
  async #readNew(before: ReadonlySet<string>): Promise<Set<string>> {
    const gone = new Set<string>()
    for await (const { items } of pagesOf(this.#fs, this.#folder)) {
      for (const { pathSuffix, length } of items) {
        // One that is not closed yet has no length.
        if (length === 0 || this.#files.get(pathSuffix)?.length === length) continue
        if (await this.#load(pathSuffix, length)) continue
        if (before.has(pathSuffix)) throw unreadable(`${this.#folder}/${pathSuffix}`)
        gone.add(pathSuffix)
      }
    }
    return gone
  }

  /** Resolves when it is durable that these are gone. */
  async add(positions: Positions): Promise<void> {
    const lines = [...positions].map(([file, cells]) => lineOf(JSON.stringify({ file, cells }), 0))
    if (lines.length === 0) return
    const name = randomBytes(12).toString('hex')
    const bytes = Buffer.concat(lines)
    await this.#fs.create(`${this.#folder}/${name}`, bytes)
    this.#files.set(name, { length: bytes.length, of: new Set(positions.keys()), isWhole: true })
    for (const [file, cells] of positions) this.#note(file, cells)
  }

  /** Data files that are gone: nothing has to be known of them any more. */
  async forget(files: Iterable<string>): Promise<void> {
    for (const file of files) this.#removed.delete(file)
    await this.#delete(this.#wholeFiles().filter(([, { of }]) => [...of].every(file => !this.#removed.has(file))))
  }

  /** The same, when others have deleted them, without touching anything. */
  forgetHere(files: Iterable<string>): void {
    for (const file of files) this.#removed.delete(file)
  }

  /** Puts many small files together. Those that they came from are deleted when the new one is durable. */
  async compact(): Promise<void> {
    const old = this.#wholeFiles()
    if (old.length < manyFiles) return
    await this.add(new Map([...this.#removed].map(([file, { cells }]) => [file, [...cells]])))
    await this.#delete(old)
  }

  #wholeFiles(): Array<[name: string, file: RemovalFile]> {
    return [...this.#files].filter(([, { isWhole }]) => isWhole)
  }

  async #delete(files: ReadonlyArray<readonly [name: string, file: RemovalFile]>): Promise<void> {
    for (const [name] of files) {
      await this.#fs.delete(`${this.#folder}/${name}`)
      this.#files.delete(name)
    }
  }

  /** Gives whether it was there. */
  async #load(name: string, length: number): Promise<boolean> {
    const parts = await this.#fs.read(`${this.#folder}/${name}`, 0, length)
    if (parts === undefined) return false
    const file = new Parts(parts)
    const of = new Set<string>()
    let isWhole = file.to === length
    const onDamage = (): void => void (isWhole = false)
    for await (const block of scan(file, { seed: 0, from: 0, to: file.to }, onDamage)) {
      for (let i = 0; i < block.lines.length; i += 2) {
        const json = block.bytes.toString('utf8', block.lines[i]! + line.head, block.lines[i + 1])
        const removal = removalIn(json)
        if (removal === undefined) isWhole = false
        else {
          of.add(removal.file)
          this.#note(removal.file, removal.cells)
        }
      }
    }
    this.#files.set(name, { length, of, isWhole })
    return true
  }

  #note(file: string, cells: readonly number[]): void {
    const removed = this.#removed.get(file) ?? { cells: new Cells(), count: 0 }
    this.#removed.set(file, removed)
    for (const cell of cells) {
      if (removed.cells.has(cell)) continue
      removed.cells.add(cell)
      removed.count++
    }
  }
}

/** What a line says; `undefined` when it is not of this release. */
function removalIn(json: string): { readonly file: string; readonly cells: readonly number[] } | undefined {
  try {
    const { file, cells } = JSON.parse(json) as { file?: unknown; cells?: unknown }
    return typeof file === 'string' && Array.isArray(cells) && cells.every(isCell) ? { file, cells } : undefined
  } catch {
    return undefined
  }
}

const isCell = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31

const unreadable = (path: string): StorageError =>
  new StorageError('SPW_ERR_STORAGE', `Cannot read ${path}: it is listed, and not there when it is read.`, {
    retryable: true
  })
