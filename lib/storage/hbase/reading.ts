import { matching } from '../filter.ts'
import type { ReadOptions } from '../storage.ts'
import { type Candidate, type Claims } from './claims.ts'
import { latestTime, nextTime } from './clock.ts'
import { appendedAt, envelopeIn, foreignTime, isForeign, storedAt } from './entry-row.ts'
import { HBaseEntry, type Place } from './entry.ts'
import { areVersions, endOfEntries, startOfEntries, versionIn } from './row-key.ts'
import { idIn, notePlace, readStrays, type Stray } from './strays.ts'
import type { Row, Table } from './table.ts'
import { windowsOf } from './windows.ts'

/** So many entries are claimed at once: a reader that leaves has at most so many to give back. */
const claimsAtOnce = 100

/** An entry's row, and where older versions of it are. */
interface Found {
  readonly row: Row
  readonly older: readonly Place[]
}

/** The entries of a table, oldest first; to a reader that claims only those that it got. */
export async function* entriesOf(
  open: () => Promise<{ readonly table: Table; readonly claims: Claims }>,
  { filter, claim, signal }: ReadOptions
): AsyncGenerator<HBaseEntry> {
  const matches = matching(filter)
  const until = nextTime()
  const opened = await open()
  const { table } = opened
  const claims = claim ? opened.claims : undefined
  await claims?.begin()
  for await (const page of foundIn(table, until, claims !== undefined)) {
    let group: Candidate[] = []
    for (const { row, older } of page) {
      if (signal?.aborted) return
      const envelope = envelopeIn(row)
      if (!matches(envelope)) continue
      if (claims === undefined) {
        yield new HBaseEntry(envelope, placeOf(row), older)
        continue
      }
      group.push({ envelope, row, place: placeOf(row), older })
      if (group.length < claimsAtOnce) continue
      yield* claims.given(group, signal)
      group = []
    }
    // What was found waits for nothing but its claim, not for the next page.
    if (claims !== undefined && group.length > 0) yield* claims.given(group, signal)
  }
}

/** Of every delivery the newest version that was there at `until`. With `cleans` those that were replaced are removed. */
async function* foundIn(table: Table, until: number, cleans: boolean): AsyncGenerator<Found[]> {
  const strays = await readStrays(table)
  const replaced = new Map<string, Place[]>()
  let last: Found | undefined
  for await (const rows of pagesOf(table)) {
    const found: Found[] = []
    const gone: Place[] = []
    for (const row of rows) {
      if (!wasThere(row, until)) continue
      if (last !== undefined && areVersions(last.row, row)) {
        last = { row, older: [...last.older, placeOf(last.row)] }
        continue
      }
      const stray = strays.size === 0 || isForeign(row) ? undefined : strays.get(idIn(row.key))
      if (stray !== undefined && isReplacedBy(stray, row)) {
        placesOf(replaced, row, stray).push(placeOf(row))
        gone.push(placeOf(row))
        continue
      }
      if (last !== undefined) found.push(last)
      last = { row, older: stray === undefined ? [] : placesOf(replaced, row, stray) }
    }
    if (found.length > 0) yield found
    if (cleans && gone.length > 0) await table.remove(gone.map(({ key, time }) => ({ key, upTo: time })))
  }
  if (last !== undefined) yield [last]
}

/** The rows of a table, the oldest first, some at a time. While some are looked at the next ones are on their way. */
async function* pagesOf(table: Table): AsyncGenerator<readonly Row[]> {
  const pages = table.isQuickerForwards ? windowsOf(table) : scanned(table)
  const ask = (): Promise<IteratorResult<readonly Row[], void>> => {
    const page = pages.next()
    // Whoever waits for it is told.
    page.catch(() => undefined)
    return page
  }
  try {
    let next = ask()
    for (let page = await next; page.done !== true; page = await next) {
      next = ask()
      yield page.value
    }
  } finally {
    // Behind what is under way: a reader that leaves does not wait for that.
    void pages.return(undefined).catch(() => undefined)
  }
}

async function* scanned(table: Table): AsyncGenerator<readonly Row[], void> {
  const scan = table.scan({ from: startOfEntries, before: endOfEntries })
  try {
    for (let rows = await scan.next(); rows !== undefined; rows = await scan.next()) yield rows
  } finally {
    scan.close()
  }
}

// Of StreamPark's the time in the key counts: its server has set the other. What is later than now was appended by somebody whose
// clock is ahead, nobody knows when: it is given rather than left waiting until all clocks have come so far.
function wasThere(row: Row, until: number): boolean {
  if (storedAt(row) === undefined) return false
  const time = isForeign(row) ? foreignTime(row) : appendedAt(row)
  return time <= until || time > latestTime()
}

// One that was appended again after it was replaced is given: a duplicate at worst.
const isReplacedBy = (stray: Stray, row: Row): boolean =>
  versionIn(row.key) < stray.version && storedAt(row)! <= stray.time

function placesOf(replaced: Map<string, Place[]>, { key }: Row, stray: Stray): Place[] {
  const id = idIn(key)
  const places = replaced.get(id) ?? [notePlace(id, stray)]
  replaced.set(id, places)
  return places
}

const placeOf = (row: Row): Place => ({ key: row.key, time: storedAt(row)! })
