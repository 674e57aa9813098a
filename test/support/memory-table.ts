import { BufferCell } from '../../lib/storage/hbase/buffer-cell.ts'
import type { Cell, Put, Removal, Row, Scan, ScanRange, Swap, Table } from '../../lib/storage/hbase/table.ts'

/** A table of HBase's in memory, of the newest cells only, with pages of `pageRows` and a clock of its own. */
export class MemoryTable implements Table {
  readonly #rows = new Map<string, { key: Buffer; cells: Map<string, Cell> }>()
  readonly pageRows: number
  isQuickerForwards = false
  /** The server's clock. */
  now = 1_000_000
  /** What runs before each call, and may throw. */
  before: (call: keyof Table) => void = () => undefined
  /** What runs when a call was done, and may throw: its answer is lost. */
  after: (call: keyof Table) => void = () => undefined

  constructor(pageRows = 3) {
    this.pageRows = pageRows
  }

  get keys(): Buffer[] {
    return [...this.#rows.values()].map(({ key }) => key)
  }

  async open(): Promise<void> {}

  async put(puts: readonly Put[]): Promise<void> {
    this.before('put')
    this.now++
    for (const { key, cells, time = this.now } of puts) {
      for (const [qualifier, value] of cells) this.#set(key, qualifier, Buffer.from(value), time)
    }
    this.after('put')
  }

  async remove(removals: readonly Removal[]): Promise<void> {
    this.before('remove')
    for (const { key, upTo = Infinity } of removals) {
      const row = this.#rows.get(key.toString('hex'))
      for (const [qualifier, { time }] of row?.cells ?? []) if (time <= upTo) row!.cells.delete(qualifier)
      if (row?.cells.size === 0) this.#rows.delete(key.toString('hex'))
    }
    this.after('remove')
  }

  async swap(swaps: readonly Swap[]): Promise<boolean[]> {
    this.before('swap')
    const done = swaps.map(({ key, qualifier, expected, value, time }) => {
      const there = this.#rows.get(key.toString('hex'))?.cells.get(qualifier)?.value ?? Buffer.alloc(0)
      if (!Buffer.from(expected).equals(there)) return false
      this.#set(key, qualifier, Buffer.from(value), time)
      return true
    })
    this.after('swap')
    return done
  }

  async has(keys: readonly Buffer[]): Promise<boolean[]> {
    return keys.map(key => this.#rows.get(key.toString('hex'))?.cells.has('values') ?? false)
  }

  scan({ from, before, forward = false }: ScanRange): Scan {
    let last: Buffer | undefined
    const next = async (): Promise<readonly Row[] | undefined> => {
      this.before('scan')
      const rows = [...this.#rows.values()]
        .filter(({ key }) => key.compare(from) >= 0 && key.compare(before) < 0)
        .filter(({ key }) => last === undefined || key.compare(last) === (forward ? 1 : -1))
        .sort((a, b) => (forward ? a.key.compare(b.key) : b.key.compare(a.key)))
        .slice(0, this.pageRows)
      last = rows.at(-1)?.key
      return rows.length === 0
        ? undefined
        : rows.map(({ key, cells }) => ({ key, bytes: bytesOf(cells), cells: new Map(cells) }))
    }
    return { next, close: () => undefined }
  }

  async close(): Promise<void> {}

  #set(key: Buffer, qualifier: string, value: Buffer, time: number): void {
    const name = key.toString('hex')
    const row = this.#rows.get(name) ?? { key, cells: new Map<string, Cell>() }
    this.#rows.set(name, row)
    if ((row.cells.get(qualifier)?.time ?? -1) <= time) row.cells.set(qualifier, new BufferCell(value, time))
  }
}

const bytesOf = (cells: ReadonlyMap<string, Cell>): number =>
  [...cells.values()].reduce((sum, { value }) => sum + value.length, 0)
