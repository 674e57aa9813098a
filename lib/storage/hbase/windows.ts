import { boundaryAt, endOfEntries, startOfEntries, timeIn } from './row-key.ts'
import type { Row, ScanRange, Table } from './table.ts'

// What a window should hold, and from where on it is too large: all of it is in memory before the first row is given. Larger ones
// keep the garbage collector busy.
const wantedRows = 1_000
const wantedBytes = 1024 * 1024
const manyRows = 3 * wantedRows
const manyBytes = 3 * wantedBytes
// So many show how close they stand.
const fewRows = 250

/** What makes the next key of a key. */
const behind = Buffer.from([0])

/** The rows from below a key to another one, the oldest first. */
interface Window {
  readonly from: Buffer
  readonly rows: Row[]
  readonly bytes: number
  /** There were too many: these are the newest of them, down to this key. */
  readonly downTo: Buffer | undefined
}

/**
 * The entries of a table, the oldest first, some at a time.
 *
 * Their rows stand the other way round, and a server goes backwards at half its speed. So a span of time is read forwards and
 * turned around, of a length that fits how close the last rows stood. Where that cannot be known, at the beginning and behind a
 * gap, or where too many stand at one time, some rows are read backwards.
 *
 * Of a span with too many rows the newest ones have been read. They are kept until those before them were given.
 */
export async function* windowsOf(table: Table): AsyncGenerator<readonly Row[], void> {
  let before = endOfEntries
  let kept: Window | undefined
  let isCrowded = false
  for (;;) {
    const from = kept?.downTo ?? startOfEntries
    const rows = await backwards(table, { from, before, wanted: isCrowded ? wantedRows : fewRows })
    if (rows === undefined) {
      if (kept === undefined) return
      yield kept.rows
      before = kept.from
      kept = undefined
      continue
    }
    yield rows
    before = rows.at(-1)!.key
    if (isCrowded && timeIn(before) === timeIn(rows[0]!.key)) continue
    isCrowded = false
    let span = fitting(spanOf(rows), rows.length, bytesOf(rows))
    for (;;) {
      const from = startOf(before, span, kept)
      // Beyond all times that a number can be.
      if (from.compare(before) >= 0) break
      const window: Window = await forwards(table, from, before)
      if (window.downTo !== undefined) {
        kept ??= window
        isCrowded = Math.ceil(span) === 1
        if (isCrowded) break
        const seen = timeIn(window.from) - timeIn(window.downTo)
        span = fitting(Math.min(Math.max(seen, 1), span / 2), window.rows.length, window.bytes)
        continue
      }
      if (window.rows.length === 0) break
      yield window.rows
      span = fitting(Math.max(timeIn(window.from) - timeIn(before), 1), window.rows.length, window.bytes)
      before = window.from
      if (kept === undefined || before !== kept.downTo) continue
      yield kept.rows
      before = kept.from
      kept = undefined
    }
  }
}

/** Where a window begins: no later than what is kept. */
function startOf(before: Buffer, span: number, kept: Window | undefined): Buffer {
  const from = boundaryAt(timeIn(before) + Math.ceil(span))
  return kept?.downTo !== undefined && from.compare(kept.downTo) < 0 ? kept.downTo : from
}

async function backwards(table: Table, range: ScanRange): Promise<readonly Row[] | undefined> {
  const scan = table.scan(range)
  try {
    return await scan.next()
  } finally {
    scan.close()
  }
}

async function forwards(table: Table, from: Buffer, before: Buffer): Promise<Window> {
  const scan = table.scan({ from, before, forward: true, wanted: manyRows })
  const rows: Row[] = []
  let bytes = 0
  let downTo: Buffer | undefined
  try {
    for (let page = await scan.next(); page !== undefined; page = await scan.next()) {
      rows.push(...page)
      bytes += bytesOf(page)
      if (rows.length < manyRows && bytes < manyBytes) continue
      downTo = Buffer.concat([rows.at(-1)!.key, behind])
      break
    }
    return { from, rows: rows.reverse(), bytes, downTo }
  } finally {
    scan.close()
  }
}

const spanOf = (rows: readonly Row[]): number => Math.max(timeIn(rows.at(-1)!.key) - timeIn(rows[0]!.key), 1)

/** The span in which as much stands as is wanted, if it stands as close as `rows` in `span` did. */
function fitting(span: number, rows: number, bytes: number): number {
  const factor = Math.min(wantedRows / rows, wantedBytes / Math.max(bytes, 1), 4)
  return Math.max(span * factor, 1)
}

function bytesOf(rows: readonly Row[]): number {
  let bytes = 0
  for (const row of rows) bytes += row.bytes
  return bytes
}
