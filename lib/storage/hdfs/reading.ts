import { StorageError } from '../../errors.ts'
import type { Envelope } from '../envelope.ts'
import { envelopeInLine } from '../envelope-line.ts'
import { cellAt } from '../file/cells.ts'
import { line } from '../file/line.ts'
import type { Block } from '../file/scan.ts'
import { Scratch } from '../file/scratch.ts'
import { matching } from '../filter.ts'
import type { LineBytes } from '../line-bytes.ts'
import { closedError } from '../remote/closed-error.ts'
import type { ReadOptions } from '../storage.ts'
import type { Claim } from './claims.ts'
import { HdfsEntry, type Position } from './entry.ts'
import { EntryFile } from './entry-file.ts'
import { linesOf } from './lines.ts'
import { envelopeOfLine, type PlainLine, plainLines } from './plain-lines.ts'
import { type Given, RecentEntries } from './recent-entries.ts'
import { RemoteFile } from './remote-file.ts'
import type { Session } from './session.ts'
import type { DataFile } from './survey.ts'

/** A file that is about to be read, or is. */
export interface Opened {
  readonly in: EntryFile
  readonly remote: RemoteFile
}

/** One reading of a storage. What is claimed is claimed one by one, when it is given. */
export class Reading {
  readonly #session: Session
  readonly #newest: ReadonlyMap<string, number>
  readonly #isClaiming: boolean
  readonly #signal: AbortSignal | undefined
  readonly #matches: (envelope: Envelope) => boolean
  /** Where versions are that a later one stands in for. */
  readonly #older = new Map<string, Position[]>()
  readonly #recent = new RecentEntries()
  readonly #scratch = new Scratch()
  /** What is there a second time, and was removed in its first place before this was known. */
  #late: Position[] = []

  constructor(session: Session, newest: ReadonlyMap<string, number>, { filter, claim = false, signal }: ReadOptions) {
    this.#session = session
    this.#newest = newest
    this.#isClaiming = claim
    this.#signal = signal
    this.#matches = matching(filter)
  }

  get isAborted(): boolean {
    return this.#signal?.aborted ?? false
  }

  /** Claims a file, where this reading does, and gets its beginning. `undefined` when there is nothing to read in it. */
  async open(file: DataFile): Promise<Opened | undefined> {
    // StreamPark has made it and has not closed it yet: not to be touched.
    if (file.length === 0) return undefined
    const claim = this.#isClaiming ? await this.#session.claims.enter(file) : undefined
    let opened: Opened | undefined
    try {
      if (claim !== undefined || !this.#isClaiming || this.#newest.size > 0) opened = await this.#opened(file, claim)
      return opened
    } finally {
      if (opened === undefined) claim?.leave()
    }
  }

  /** The entries of a file, some at a time. */
  async *entriesIn(opened: Opened): AsyncGenerator<Iterable<HdfsEntry>> {
    const { in: into, remote } = opened
    if (into.file.name.entries === undefined) {
      let entries = 0
      for await (const lines of plainLines(remote, remote.length)) {
        entries += lines.length
        if (this.isAborted) return
        yield this.#inLines(opened, lines)
      }
      if (!remote.isGone) into.entries = entries
      return
    }
    const damaged = this.#session.damage.in(into.file)
    for await (const block of linesOf(into.file, remote, damaged, this.#scratch)) {
      if (this.isAborted) return
      yield this.#inBlock(opened, block)
    }
  }

  /** After the last entry of a file, or when nobody wants more of it. */
  async leave({ in: into }: Opened): Promise<void> {
    const late = this.#late
    this.#late = []
    try {
      if (late.length > 0) await this.#session.remove(late)
      if (into.claim?.given.size === 0) await this.#session.deleteIfSettled(into)
    } finally {
      into.claim?.leave()
    }
  }

  async #opened(file: DataFile, claim: Claim | undefined): Promise<Opened | undefined> {
    const { removals, claims, fs } = this.#session
    const { base, entries } = file.name
    // Who had it before may have removed something since we looked.
    if (claim !== undefined) await removals.refresh()
    const into = new EntryFile(file, claim)
    if (entries !== undefined && removals.count(base) >= entries) {
      if (claim !== undefined) await this.#session.deleteIfSettled(into)
      return undefined
    }
    const remote = await RemoteFile.open(fs, file, claims.pathOf(file))
    return remote === undefined ? undefined : { in: into, remote }
  }

  *#inBlock(opened: Opened, block: Block): Generator<HdfsEntry> {
    const { base, lines } = block
    for (let i = 0; i < lines.length && !this.isAborted; i += 2) {
      const offset = base + lines[i]!
      const cell = cellAt(offset)
      if (this.#isTaken(opened, cell)) continue
      const envelope = this.#parsed(opened, offset, block, lines[i]! + line.head, lines[i + 1]!)
      const entry = envelope === undefined ? undefined : this.#entry(opened, cell, envelope)
      if (entry !== undefined) yield entry
    }
  }

  *#inLines(opened: Opened, lines: readonly PlainLine[]): Generator<HdfsEntry> {
    for (const plain of lines) {
      if (this.isAborted) return
      if (this.#isTaken(opened, plain.number)) continue
      const entry = this.#entry(opened, plain.number, envelopeOfLine(opened.in.file, plain))
      if (entry !== undefined) yield entry
    }
  }

  // Looked at entry by entry: whoever takes them may be slow, and a lease ends meanwhile.
  #isTaken({ in: into }: Opened, cell: number): boolean {
    const { claim } = into
    if (claim !== undefined) this.#checkClaim(claim)
    if (this.#session.removals.has(into.file.name.base, cell)) return true
    return claim !== undefined && (claim.isDeleted || claim.given.has(cell))
  }

  #parsed({ in: into }: Opened, offset: number, lines: LineBytes, from: number, to: number): Envelope | undefined {
    try {
      return envelopeInLine(lines, from, to)
    } catch {
      this.#session.damage.in(
        into.file,
        'an entry that this release cannot read was passed over'
      )({
        offset,
        bytes: to - from
      })
      return undefined
    }
  }

  #entry({ in: into }: Opened, cell: number, envelope: Envelope): HdfsEntry | undefined {
    const { id, version } = envelope
    const position: Given = { in: into, cell, version }
    const given = this.#recent.get(id)
    if (this.#newest.size > 0 && (this.#newest.get(id) ?? version) > version) {
      if (given === undefined) this.#older.set(id, [...(this.#older.get(id) ?? []), position])
      // It stands behind the newer one when a clock was set back in between.
      else this.#again(given, position)
      return undefined
    }
    if (this.#isClaiming && into.claim === undefined) return undefined
    if (given?.version === version) return void this.#again(given, position)
    if (!this.#matches(envelope)) return undefined
    into.claim?.given.add(cell)
    const older = this.#older.size === 0 ? undefined : this.#older.get(id)
    if (older !== undefined) into.join(cell, ...older)
    this.#recent.set(id, position)
    return new HdfsEntry(envelope, position)
  }

  // An append was repeated, or this is an older version of what was given before.
  #again(given: Given, position: Position): void {
    if (given.in.isReleased(given.cell)) return
    if (given.in.isRemoved(given.cell)) this.#late.push(position)
    else given.in.join(given.cell, position)
    position.in.claim?.given.add(position.cell)
  }

  #checkClaim(claim: Claim): void {
    const { claims, layout } = this.#session
    if (claims.haveEnded) throw closedError(`hdfs ${layout.root}`)
    if (!claims.hasLapsed(claim)) return
    const message = `Cannot go on reading ${layout.root}: what was claimed has lapsed, because HDFS did not answer in time.`
    throw new StorageError('SPW_ERR_STORAGE', message, { retryable: true })
  }
}
