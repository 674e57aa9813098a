import { type FileName, fileNameIn } from './file-name.ts'
import { isHidden, ownFolder } from './layout.ts'
import type { FileStatus, Page, WebHdfs } from './web-hdfs.ts'

/** A file with deliveries. */
export interface DataFile {
  readonly folder: string
  readonly name: FileName
  readonly length: number
}

/** What is under the root of a storage, without its files: there may be any number of these. */
export interface Survey {
  /** Each folder with data files in it, and the name of the last. */
  readonly folders: ReadonlyMap<string, string>
  /** The first page of folders, as long as there are not too many names in them: they need not be asked for twice. */
  readonly firstPages: ReadonlyMap<string, Page>
  readonly emptyFolders: readonly string[]
  /** When the youngest data file was closed, by the NameNode's clock. */
  readonly youngest: number
  readonly lowestVersion: number
  readonly highestVersion: number
  /** Those of the names that were asked for that are there. */
  readonly present: ReadonlySet<string>
  readonly files: number
  readonly bytes: number
  /** Files that are not of a storage. */
  readonly foreign: readonly string[]
}

const mostForeign = 100
// Names that are kept in memory while files are given, in all folders together.
const namesInMemory = 8_192
const fewestNames = 16

/** Lists everything once. A folder with an `_spillway` of its own is another storage's. */
export async function survey(fs: WebHdfs, root: string, wanted: ReadonlySet<string> = new Set()): Promise<Survey> {
  const survey = new Surveying(root, wanted)
  const folders = [root]
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    folders.push(...(await survey.look(fs, folder)))
  }
  return survey
}

class Surveying implements Survey {
  readonly folders = new Map<string, string>()
  readonly firstPages = new Map<string, Page>()
  readonly emptyFolders: string[] = []
  readonly present = new Set<string>()
  readonly foreign: string[] = []
  youngest = 0
  lowestVersion = Infinity
  highestVersion = 1
  files = 0
  bytes = 0
  readonly #root: string
  readonly #wanted: ReadonlySet<string>
  #names = 0

  constructor(root: string, wanted: ReadonlySet<string>) {
    this.#root = root
    this.#wanted = wanted
  }

  /** Gives the folders that are in it. */
  async look(fs: WebHdfs, folder: string): Promise<string[]> {
    const within: string[] = []
    const isRoot = folder === this.#root
    let isEmpty = true
    for await (const page of pagesOf(fs, folder)) {
      const { items } = page
      if (!isRoot && items.some(({ pathSuffix, type }) => type === 'DIRECTORY' && pathSuffix === ownFolder)) return []
      this.#keep(folder, page)
      for (const item of items) {
        isEmpty = false
        if (isHidden(item.pathSuffix)) continue
        if (item.type === 'DIRECTORY') within.push(`${folder}/${item.pathSuffix}`)
        else this.#file(folder, item)
      }
    }
    if (isEmpty && !isRoot) this.emptyFolders.push(folder)
    return within
  }

  #keep(folder: string, page: Page): void {
    if (this.firstPages.has(folder) || this.#names + page.items.length > namesInMemory) return
    this.#names += page.items.length
    this.firstPages.set(folder, page)
  }

  #file(folder: string, { pathSuffix, length, modificationTime }: FileStatus): void {
    const name = fileNameIn(pathSuffix)
    if (name === undefined) {
      if (this.foreign.length < mostForeign) this.foreign.push(`${folder}/${pathSuffix}`)
      return
    }
    this.folders.set(folder, pathSuffix)
    this.youngest = Math.max(this.youngest, modificationTime)
    this.lowestVersion = Math.min(this.lowestVersion, name.lowestVersion)
    this.highestVersion = Math.max(this.highestVersion, name.highestVersion)
    if (this.#wanted.has(name.base)) this.present.add(name.base)
    this.files++
    this.bytes += length
  }
}

/**
 * The data files of a survey, oldest first, whichever folders they are in. Of each folder a few names are in memory, and more
 * are asked for when these are through. Files that were written since are left out.
 */
export async function* filesOf(fs: WebHdfs, { folders, firstPages, youngest }: Survey): AsyncGenerator<DataFile> {
  const keep = Math.max(fewestNames, Math.floor(namesInMemory / folders.size))
  const cursors = [...folders].map(
    ([folder, last]) => new Cursor(fs, folder, firstPages.get(folder), last, youngest, keep)
  )
  await Promise.all(cursors.map(cursor => cursor.fill()))
  for (;;) {
    let oldest: Cursor | undefined
    for (const cursor of cursors) if (cursor.isBefore(oldest)) oldest = cursor
    if (oldest === undefined) return
    yield oldest.take()
    await oldest.fill()
  }
}

/** Where the files of one folder have been given up to. */
class Cursor {
  readonly #fs: WebHdfs
  readonly #folder: string
  #first: Page | undefined
  readonly #last: string
  readonly #youngest: number
  readonly #keep: number
  #files: DataFile[] = []
  #at = 0
  #after = ''
  #lastBase = ''
  #isOver = false

  constructor(fs: WebHdfs, folder: string, first: Page | undefined, last: string, youngest: number, keep: number) {
    this.#fs = fs
    this.#folder = folder
    this.#first = first
    this.#last = last
    this.#youngest = youngest
    this.#keep = keep
  }

  get head(): DataFile | undefined {
    return this.#files[this.#at]
  }

  isBefore(other: Cursor | undefined): boolean {
    const [mine, theirs] = [this.head?.name, other?.head?.name]
    if (mine === undefined || theirs === undefined) return mine !== undefined
    return mine.time < theirs.time || (mine.time === theirs.time && mine.base < theirs.base)
  }

  take(): DataFile {
    return this.#files[this.#at++]!
  }

  /** Sees to it that there is a next file, unless there is none. */
  async fill(): Promise<void> {
    while (this.head === undefined && !this.#isOver) {
      const page = this.#first ?? (await this.#fs.list(this.#folder, this.#after))
      this.#first = undefined
      this.#files = []
      this.#at = 0
      this.#isOver = page === undefined || page.isLast
      for (const item of page?.items ?? []) {
        if (this.#files.length === this.#keep) {
          this.#isOver = false
          break
        }
        this.#take(item)
      }
    }
  }

  #take({ pathSuffix, type, length, modificationTime }: FileStatus): void {
    this.#after = pathSuffix
    const name = type === 'DIRECTORY' ? undefined : fileNameIn(pathSuffix)
    // It was claimed, or given back, since the page before this one: it comes a second time, under its other name.
    if (name === undefined || name.base === this.#lastBase) return
    if (modificationTime > this.#youngest || name.base > this.#last) return
    this.#lastBase = name.base
    this.#files.push({ folder: this.#folder, name, length })
  }
}

/** What is in a folder, a page at a time. */
export async function* pagesOf(fs: WebHdfs, folder: string): AsyncGenerator<Page> {
  let after = ''
  for (;;) {
    const page = await fs.list(folder, after)
    if (page === undefined || page.items.length === 0) return
    yield page
    if (page.isLast) return
    after = page.items.at(-1)!.pathSuffix
  }
}
