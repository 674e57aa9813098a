import { StorageError } from '../../errors.ts'
import type { Readable } from '../file/scan.ts'
import { claimedName } from './file-name.ts'
import { Parts } from './parts.ts'
import type { DataFile } from './survey.ts'
import type { WebHdfs } from './web-hdfs.ts'

// What is read at once. Files that this storage wrote are mostly shorter.
const windowBytes = 8 * 1024 * 1024

/** A data file as it is read: through a window, under whichever name it has just now. */
export class RemoteFile implements Readable {
  readonly length: number
  /** It was deleted while it was read. */
  isGone = false
  readonly #fs: WebHdfs
  readonly #file: DataFile
  #path: string
  #window = new Parts([])

  /** `undefined` when it is gone. Its beginning is in memory then. */
  static async open(fs: WebHdfs, file: DataFile, path: string): Promise<RemoteFile | undefined> {
    const remote = new RemoteFile(fs, file, path)
    return (await remote.#slide(0)) ? remote : undefined
  }

  private constructor(fs: WebHdfs, file: DataFile, path: string) {
    this.#fs = fs
    this.#file = file
    this.#path = path
    this.length = file.length
  }

  /**
   * Gives how many bytes were read: none when the file ended, or is gone by now. Rejects when a server gives less than there is:
   * what it kept back must not count as read.
   */
  async read(into: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    if (position >= this.length) return 0
    if (!this.#window.has(position)) {
      this.isGone = !(await this.#slide(position))
      if (this.isGone) return 0
      if (!this.#window.has(position)) throw this.#cutAt(position)
    }
    return this.#window.read(into, offset, length, position)
  }

  /** That of all of it; `undefined` unless all of it is in memory. */
  crc(): number | undefined {
    const isAll = this.#window.from === 0 && this.#window.to === this.length
    return isAll ? this.#window.crc() : undefined
  }

  async #slide(from: number): Promise<boolean> {
    const length = Math.min(windowBytes, this.length - from)
    if (length <= 0) return from === 0
    const parts = (await this.#fs.read(this.#path, from, length)) ?? (await this.#found(from, length))
    if (parts === undefined) return false
    this.#window = new Parts(parts, from)
    return true
  }

  #cutAt(position: number): StorageError {
    const message = `Cannot read ${this.#path}: it ended after ${position} of ${this.length} bytes.`
    return new StorageError('SPW_ERR_STORAGE', message, { retryable: true })
  }

  // It was claimed or given back since it was listed.
  async #found(from: number, length: number): Promise<readonly Buffer[] | undefined> {
    const { folder, name } = this.#file
    for (const path of [`${folder}/${name.base}`, await this.#claimedPath()]) {
      if (path === undefined) continue
      const parts = await this.#fs.read(path, from, length)
      if (parts === undefined) continue
      this.#path = path
      return parts
    }
    return undefined
  }

  async #claimedPath(): Promise<string | undefined> {
    const { folder, name } = this.#file
    const page = await this.#fs.list(folder, name.base)
    const [next] = page?.items ?? []
    return next?.pathSuffix.startsWith(claimedName(name.base, '')) ? `${folder}/${next.pathSuffix}` : undefined
  }
}
