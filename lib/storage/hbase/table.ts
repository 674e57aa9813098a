/** The family of all columns, as StreamPark has it. */
export const family = 'cf'

export interface Cell {
  readonly value: Buffer
  /** The value as UTF-8. */
  readonly text: string
  /** HBase's timestamp of it, in milliseconds. */
  readonly time: number
}

/** By qualifier. */
export interface Cells extends Iterable<readonly [qualifier: string, cell: Cell]> {
  get(qualifier: string): Cell | undefined
  has(qualifier: string): boolean
}

export interface Row {
  readonly key: Buffer
  /** How many it has, about. */
  readonly bytes: number
  readonly cells: Cells
}

/** A row to write, all of it or nothing. */
export interface Put {
  readonly key: Buffer
  readonly cells: ReadonlyArray<readonly [qualifier: string, value: string | Uint8Array]>
  /** The timestamp of its cells. Without, the server's own time. */
  readonly time?: number
}

/** A row to remove: all of its cells up to this time. Without, up to the server's own time. */
export interface Removal {
  readonly key: Buffer
  readonly upTo?: number
}

/** A cell to set at `time` when its value is `expected`; an empty one means that there is no such cell. */
export interface Swap {
  readonly key: Buffer
  readonly qualifier: string
  readonly expected: string | Uint8Array
  readonly value: string | Uint8Array
  readonly time: number
}

/** Rows from below `before` (exclusive) down to `from` (inclusive), with `forward` in the other direction. */
export interface ScanRange {
  readonly from: Buffer
  readonly before: Buffer
  readonly forward?: boolean
  /** About how many rows will be read, where they are few: so many come at once. */
  readonly wanted?: number
}

/** A scan under way. */
export interface Scan {
  /** The next rows, some at a time; `undefined` at the end. After an error it may be called again, and goes on. */
  next(): Promise<readonly Row[] | undefined>
  /** Gives up what the server holds for it. */
  close(): void
}

/**
 * One table, by whichever way it is reached. Every call has a deadline of its own and rejects with a `StorageError`; calls to
 * a region that moves or to a server that comes back are repeated until then.
 */
export interface Table {
  /** Whether rows are given quicker in their own direction, and a scan may begin at any of them. */
  readonly isQuickerForwards: boolean
  /** Makes the table and its family when they are missing. */
  open(): Promise<void>
  put(puts: readonly Put[]): Promise<void>
  remove(removals: readonly Removal[]): Promise<void>
  /** Which of them were done. */
  swap(swaps: readonly Swap[]): Promise<boolean[]>
  /** Which of these rows have a column `values`. An old REST server may not find those that are there. */
  has(keys: readonly Buffer[]): Promise<boolean[]>
  scan(range: ScanRange): Scan
  close(): Promise<void>
}
