import { type Claim, Claims } from './claims.ts'
import { Damage } from './damage.ts'
import type { Position } from './entry.ts'
import type { EntryFile } from './entry-file.ts'
import type { Layout } from './layout.ts'
import { Owners } from './owners.ts'
import { Removals } from './removals.ts'
import type { WebHdfs } from './web-hdfs.ts'
import { Writer } from './writer.ts'

/** What an `HdfsStorage` has, from its first use on. */
export class Session {
  readonly fs: WebHdfs
  readonly layout: Layout
  readonly writer: Writer
  readonly removals: Removals
  readonly owners: Owners
  readonly claims: Claims
  readonly damage = new Damage()
  #removing: Promise<unknown> = Promise.resolve()

  constructor(fs: WebHdfs, layout: Layout, lease: number) {
    this.fs = fs
    this.layout = layout
    this.writer = new Writer(fs, layout)
    this.removals = new Removals(fs, layout.removed)
    this.owners = new Owners(fs, layout.owners, lease)
    this.claims = new Claims(fs, this.owners)
  }

  /**
   * Removes what these are, everywhere. A data file of ours all of whose entries are gone is deleted, which says all; of the
   * others it is written down. Resolves when that is durable.
   */
  remove(entries: readonly Position[]): Promise<void> {
    const done = this.#removing.then(() => this.#remove(entries))
    this.#removing = done.catch(() => undefined)
    return done
  }

  /** Deletes a file of ours when nothing is left in it. */
  async deleteIfSettled(into: EntryFile): Promise<void> {
    const claim = this.claims.held(into.file.name.base)
    if (claim !== undefined && this.#settles({ in: into, cells: new Set() })) await this.#delete(into, claim)
  }

  async close(): Promise<void> {
    await this.#removing
    await this.writer.undo().catch(() => undefined)
    await this.claims.end()
    await this.fs.close()
  }

  async #remove(entries: readonly Position[]): Promise<void> {
    const positions = entries.flatMap(({ in: into, cell }) => into.family(cell))
    const files = this.#byFile(positions)
    const settled = [...files.values()].filter(one => this.#settles(one))
    const others = [...files.values()].filter(one => !settled.includes(one))
    // First what stays: an older version must not come back because the file of the newer one is gone.
    await this.removals.add(cellsOf(others))
    for (const one of settled) {
      const claim = this.claims.held(one.in.file.name.base)
      if (claim === undefined || !(await this.#delete(one.in, claim))) await this.removals.add(cellsOf([one]))
    }
    for (const { in: into, cell } of entries) into.remove(cell)
    for (const { in: into, cell } of positions) into.claim?.settle(cell)
  }

  /** Gives whether it was there, and all of it was known. */
  async #delete({ file }: EntryFile, claim: Claim): Promise<boolean> {
    const isForeign = file.name.entries === undefined
    // StreamPark may be writing on.
    if (isForeign && (await this.fs.status(this.claims.pathOf(file)))?.length !== file.length) return false
    if (!(await this.claims.delete(claim))) return false
    await this.removals.forget([file.name.base])
    return true
  }

  #byFile(positions: readonly Position[]): Map<string, OfFile> {
    const files = new Map<string, OfFile>()
    for (const position of positions) {
      const { base } = position.in.file.name
      if (this.removals.has(base, position.cell)) continue
      const one = files.get(base) ?? { in: position.in, cells: new Set<number>() }
      one.cells.add(position.cell)
      files.set(base, one)
    }
    return files
  }

  #settles({ in: { file, entries }, cells }: OfFile): boolean {
    const { base } = file.name
    return this.claims.held(base) !== undefined && this.removals.count(base) + cells.size === entries
  }
}

/** Entries of one file. */
interface OfFile {
  readonly in: EntryFile
  readonly cells: Set<number>
}

const cellsOf = (files: readonly OfFile[]): Map<string, number[]> =>
  new Map(files.map(one => [one.in.file.name.base, [...one.cells]]))
