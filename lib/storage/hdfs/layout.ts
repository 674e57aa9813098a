import type { DateFormat } from './java-date-format.ts'

/**
 * Where things are: data files in `<root>/<date>/`, and beside them what is only the storage's own, in `<root>/_spillway/`.
 * Programs that read whole folders of HDFS pass over names that start with `_` or a dot.
 */
export class Layout {
  readonly root: string
  /** Files that are being written, until they get their names. */
  readonly writing: string
  /** Which entries are removed. */
  readonly removed: string
  /** Who is alive and may have claimed something. */
  readonly owners: string
  readonly #format: DateFormat

  constructor(root: string, format: DateFormat) {
    this.root = root
    this.writing = `${root}/${ownFolder}/writing`
    this.removed = `${root}/${ownFolder}/removed`
    this.owners = `${root}/${ownFolder}/owners`
    this.#format = format
  }

  folderAt(time: number): string {
    return `${this.root}/${this.#format(new Date(time))}`
  }
}

export const ownFolder = '_spillway'

export const isHidden = (name: string): boolean => name.startsWith('_') || name.startsWith('.')
