import { join } from 'node:path'
import { type DiskFile, writeAll } from './disk.ts'
import { codeOf, isFull, storageError } from './failure.ts'
import { headerLine } from './file-header.ts'
import type { Folder } from './folder.ts'
import { lineOf } from './line.ts'
import { newRemovalsFile, type Removal, removalsFile } from './removals.ts'
import type { Segment } from './segment.ts'

// Bytes from which on the log is written anew when it has become four times as long as it was then.
const worthRewriting = 1024 * 1024
const cellsInLine = 8 * 1024

/**
 * Writes down which entries are gone. What is written by one turn goes together, and is made durable later: a crash then means
 * that some come back. When a write fails, all of it is written anew, from memory, with the next one.
 */
export class RemovalLog {
  readonly #folder: Folder
  readonly #path: string
  #file: DiskFile | undefined
  #bytes: number
  #rewriteAt: number
  #isWhole: boolean
  #cells = new Map<Segment, number[]>()
  #others: Removal[] = []
  #next: Promise<void> | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(folder: Folder) {
    this.#folder = folder
    this.#path = join(folder.path, removalsFile)
    this.#bytes = folder.removals.bytes
    this.#isWhole = folder.removals.isWhole
    this.#rewriteAt = Math.max(worthRewriting, this.#bytes)
  }

  /** Adds an entry to the next write. */
  add(segment: Segment, cell: number): void {
    const cells = this.#cells.get(segment)
    if (cells === undefined) this.#cells.set(segment, [cell])
    else cells.push(cell)
  }

  note(removal: Removal): void {
    this.#folder.removals.add(removal)
    this.#others.push(removal)
  }

  /** Writes what was added. A full disk is no failure: what could not be written is in memory, and removing makes room. */
  flush(): Promise<void> {
    this.#next ??= this.#afterRunning()
    return this.#next
  }

  /** Writes what was added, and makes all of it durable, if there is room. */
  async sync(): Promise<void> {
    await this.flush()
    await this.#exclusively(() =>
      this.#trying(async () => {
        if (!this.#isWhole && this.#isWorthy()) await this.#rewrite()
        await this.#file?.sync()
      })
    )
  }

  async close(): Promise<void> {
    await this.sync().finally(async () => {
      await this.#running
      await this.#file?.close()
    })
  }

  async #afterRunning(): Promise<void> {
    await this.#running.catch(() => undefined)
    this.#next = undefined
    await this.#exclusively(() => this.#write())
  }

  #exclusively(task: () => Promise<void>): Promise<void> {
    const turn = this.#running.catch(() => undefined).then(task)
    this.#running = turn.catch(() => undefined)
    return turn
  }

  async #write(): Promise<void> {
    const lines = this.#taken()
    if (lines.length === 0) return
    await this.#trying(async () => {
      if (this.#isWhole && this.#bytes < this.#rewriteAt) await this.#append(lines)
      else await this.#rewrite()
    })
  }

  async #trying(task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (cause) {
      this.#isWhole = false
      if (!isFull(cause)) throw storageError(`write to ${this.#path}`, cause)
    }
  }

  #taken(): Buffer[] {
    const lines = this.#others.map(asLine)
    for (const [segment, cells] of this.#cells) lines.push(asLine({ segment: segment.id, cells }))
    this.#others = []
    this.#cells = new Map()
    return lines
  }

  async #append(lines: readonly Buffer[]): Promise<void> {
    this.#file ??= await this.#folder.disk.openForWriting(this.#path)
    await writeAll(this.#file, lines, this.#bytes)
    for (const { length } of lines) this.#bytes += length
  }

  // Under another name first: a crash leaves the old log or the new one.
  async #rewrite(): Promise<void> {
    const { disk, path } = this.#folder
    const newPath = join(path, newRemovalsFile)
    await disk.remove(newPath).catch(ignoreMissing)
    const file = await disk.create(newPath)
    try {
      this.#bytes = await this.#writeTo(file)
      await file.sync()
      await disk.rename(newPath, this.#path)
    } catch (cause) {
      await file.close().catch(() => undefined)
      await disk.remove(newPath).catch(() => undefined)
      throw cause
    }
    await this.#file?.close().catch(() => undefined)
    this.#file = file
    this.#isWhole = true
    this.#rewriteAt = Math.max(worthRewriting, 4 * this.#bytes)
    await disk.syncFolder(path)
  }

  async #writeTo(file: DiskFile): Promise<number> {
    let at = 0
    for (const buffer of this.#all()) {
      await writeAll(file, [buffer], at)
      at += buffer.length
    }
    return at
  }

  *#all(): Generator<Buffer> {
    const { removals, segments } = this.#folder
    yield headerLine('removals')
    if (removals.dropped.all.length > 0) yield asLine({ dropped: removals.dropped.all })
    for (const [segment, end] of removals.ends) yield asLine({ segment, end })
    for (const segment of segments) yield* linesOf(segment)
  }

  #isWorthy(): boolean {
    return this.#file !== undefined || this.#bytes > 0 || this.#folder.segments.some(({ gone }) => gone > 0)
  }
}

const asLine = (removal: Removal): Buffer => lineOf(JSON.stringify(removal), 0)

function* linesOf({ id, removed }: Segment): Generator<Buffer> {
  let cells: number[] = []
  for (const cell of removed) {
    if (cells.push(cell) < cellsInLine) continue
    yield asLine({ segment: id, cells })
    cells = []
  }
  if (cells.length > 0) yield asLine({ segment: id, cells })
}

function ignoreMissing(cause: unknown): void {
  if (codeOf(cause) !== 'ENOENT') throw cause as Error
}
