import type { Envelope } from '../envelope.ts'
import { envelopeInLine } from '../envelope-line.ts'
import { matching } from '../filter.ts'
import type { LineBytes } from '../line-bytes.ts'
import { oneByOne } from '../one-by-one.ts'
import type { ReadOptions } from '../storage.ts'
import type { DiskFile } from './disk.ts'
import { FileEntry, type Position } from './entry.ts'
import { codeOf, storageError } from './failure.ts'
import type { Folder } from './folder.ts'
import { line } from './line.ts'
import { type Block, scan } from './scan.ts'
import type { Segment } from './segment.ts'

/**
 * The entries of a folder, oldest first, up to where it ended when this began. What is claimed is claimed for `reader`, one by
 * one, when it is given.
 */
export function entriesOf(
  folderToRead: () => Promise<Folder> | Folder,
  options: ReadOptions,
  reader: object
): AsyncIterableIterator<FileEntry> {
  return oneByOne(groupsOf(folderToRead, options, reader))
}

async function* groupsOf(
  folderToRead: () => Promise<Folder> | Folder,
  options: ReadOptions,
  reader: object
): AsyncGenerator<Iterable<FileEntry>> {
  const folder = await folderToRead()
  const reading = new Reading(folder, options, reader)
  for (const { segment, end } of folder.segments.map(segment => ({ segment, end: segment.end }))) {
    const file = await reading.open(segment)
    if (file === undefined) continue
    try {
      for await (const block of reading.blocks(segment, file, end)) yield reading.entriesIn(segment, block)
    } finally {
      await file.close()
    }
  }
}

class Reading {
  readonly #folder: Folder
  readonly #reader: object
  readonly #claim: boolean
  readonly #signal: AbortSignal | undefined
  readonly #matches: (envelope: Envelope) => boolean
  /** Where versions are that a later one, which is still to come, stands in for. */
  readonly #older = new Map<string, Position[]>()

  constructor(folder: Folder, { filter, claim = false, signal }: ReadOptions, reader: object) {
    this.#folder = folder
    this.#reader = reader
    this.#claim = claim
    this.#signal = signal
    this.#matches = matching(filter)
  }

  /** `undefined` when there is nothing to read in it. */
  async open(segment: Segment): Promise<DiskFile | undefined> {
    if (segment.live === 0 || segment.isDropped || this.#signal?.aborted) return undefined
    try {
      return await this.#folder.disk.openForReading(segment.path)
    } catch (cause) {
      // Deleted meanwhile: all its entries were removed.
      if (codeOf(cause) === 'ENOENT') return undefined
      throw storageError(`read ${segment.path}`, cause)
    }
  }

  async *blocks(segment: Segment, file: DiskFile, end: number): AsyncGenerator<Block> {
    const extent = { seed: segment.seed, from: segment.start, to: end }
    try {
      yield* scan(file, extent, damage => this.#folder.found(segment, damage))
    } catch (cause) {
      throw storageError(`read ${segment.path}`, cause)
    }
  }

  *entriesIn(segment: Segment, block: Block): Generator<FileEntry> {
    const { base, lines } = block
    for (let i = 0; i < lines.length; i += 2) {
      if (this.#signal?.aborted) return
      const offset = base + lines[i]!
      if (segment.isRemoved(offset)) continue
      // An older version is noted, too, when somebody has claimed it: it goes with the newer one.
      const entry = this.#entry(segment, offset, block, lines[i]! + line.head, lines[i + 1]!)
      if (entry === undefined || (this.#claim && segment.claims.has(offset))) continue
      if (this.#claim) entry.claim()
      yield entry
    }
  }

  #entry(segment: Segment, offset: number, lines: LineBytes, from: number, to: number): FileEntry | undefined {
    const envelope = this.#envelope(segment, offset, lines, from, to)
    if (envelope === undefined) return undefined
    const { id, version } = envelope
    if (this.#folder.isSuperseded(id, version)) {
      this.#older.set(id, [...(this.#older.get(id) ?? []), { segment, offset }])
      return undefined
    }
    if (!this.#matches(envelope)) return undefined
    return new FileEntry(envelope, segment, offset, (version > 1 && this.#older.get(id)) || none, this.#reader)
  }

  #envelope(segment: Segment, offset: number, lines: LineBytes, from: number, to: number): Envelope | undefined {
    try {
      return envelopeInLine(lines, from, to)
    } catch {
      const damage = { offset, bytes: to - from, torn: false }
      this.#folder.found(segment, damage, 'an entry that this release cannot read was passed over')
      return undefined
    }
  }
}

const none: readonly Position[] = []
