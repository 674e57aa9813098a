import { StorageError } from '../../errors.ts'
import { claimedName, newFileName, newOwner, seedOf, withCrc } from './file-name.ts'
import { HdfsError, isMissing, isThereAlready } from './hdfs-error.ts'
import type { Layout } from './layout.ts'
import { fileOf, type Row } from './lines.ts'
import type { WebHdfs } from './web-hdfs.ts'

/** A file whose writing failed, so that nobody knows how far it came. */
interface Unsettled {
  /** A name for each try to write it. */
  readonly temporary: string[]
  readonly target: string
}

const renames = 3

/**
 * Writes each group of deliveries to a file of its own: under a temporary name, then renamed. So a file that has its name is
 * whole; and nothing is ever appended to a file, which would need its lease.
 *
 * What failed is undone before the next file is written: whoever appended it was told so, and will append it again. The
 * temporary files are deleted first, as a renaming that is still on its way finds nothing then.
 */
export class Writer {
  readonly #fs: WebHdfs
  readonly #layout: Layout
  readonly #name = newOwner()
  readonly #unsettled = new Set<Unsettled>()
  #lastTime = 0
  #madeFolder = ''

  constructor(fs: WebHdfs, layout: Layout) {
    this.#fs = fs
    this.#layout = layout
  }

  /** Resolves when the NameNode has the file under its name. */
  async write(rows: readonly Row[]): Promise<void> {
    await this.undo()
    // Twice the same never, and never back: that is the order in which they are read.
    const time = (this.#lastTime = Math.max(Date.now(), this.#lastTime + 1))
    const name = newFileName(
      time,
      this.#name,
      rows.map(({ version }) => version)
    )
    const folder = this.#layout.folderAt(time)
    const bytes = fileOf(rows, seedOf(name.base))
    const { base } = withCrc(name, bytes)
    const file: Unsettled = { temporary: [], target: `${folder}/${claimedName(base, undefined)}` }
    try {
      await this.#fs.createAnew(`${this.#layout.writing}/${base}`, bytes, file.temporary)
      if (this.#madeFolder !== folder) await this.#makeFolder(folder)
      await this.#rename(file, folder, bytes.length)
    } catch (error) {
      this.#unsettled.add(file)
      throw error
    }
  }

  /** Takes back what failed. */
  async undo(): Promise<void> {
    for (const file of this.#unsettled) {
      for (const path of file.temporary) await this.#fs.delete(path, 'brief')
      await this.#fs.delete(file.target, 'brief')
      this.#unsettled.delete(file)
    }
  }

  async #rename({ temporary, target }: Unsettled, folder: string, length: number): Promise<void> {
    for (let tried = 1; ; tried++) {
      try {
        return await this.#fs.rename(temporary.at(-1)!, target)
      } catch (error) {
        // Not after a deadline: an append would take several of them.
        const isUnclear = error instanceof HdfsError && (isMissing(error) || isThereAlready(error) || error.isOpen)
        if (!isUnclear) throw error
        // The answer may have been lost, or that of the try before; only we use this name.
        const there = await this.#fs.status(target, 'brief')
        if (there?.length === length) return
        if (there !== undefined) throw strange(target, length, there.length)
        if (tried === renames) throw error
        // Somebody may have taken the empty folder away. Not every server says so.
        await this.#makeFolder(folder)
      }
    }
  }

  async #makeFolder(folder: string): Promise<void> {
    await this.#fs.makeFolder(folder)
    this.#madeFolder = folder
  }
}

const strange = (path: string, expected: number, got: number): StorageError =>
  new StorageError('SPW_ERR_STORAGE', `Expected ${path} to have ${expected} bytes, got ${got}.`, { retryable: true })
