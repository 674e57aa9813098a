import type { EntryRow } from './entry-row.ts'
import type { Place } from './entry.ts'
import { idText } from './row-key.ts'
import type { Put, Table } from './table.ts'

/** The newest version of a delivery that stands apart from older ones, and when that was noted. */
export interface Stray {
  readonly version: number
  readonly time: number
}

const prefix = Buffer.from('~newer/')
const end = Buffer.from('~newer0')

/**
 * Versions of one delivery stand together, since they were accepted at one time. A delivery that somebody made anew, with
 * another time, stands apart from its older versions; a row of its own then says which of them it replaces.
 *
 * Written after the entry itself: one that came alone would hide a version and give none.
 */
export async function noteStrays(table: Table, rows: readonly EntryRow[]): Promise<void> {
  const later = rows.filter(({ version }) => version > 1)
  if (later.length === 0) return
  const before = await table.has(later.map(({ key }) => olderKey(key)))
  await table.put(later.filter((_row, i) => !before[i]).map(noteOf))
}

/** What is noted, by the id as it is in row keys. Only deliveries that stand apart are in it. */
export async function readStrays(table: Table): Promise<ReadonlyMap<string, Stray>> {
  const strays = new Map<string, Stray>()
  const scan = table.scan({ from: prefix, before: end, forward: true })
  for (let rows = await scan.next(); rows !== undefined; rows = await scan.next()) {
    for (const { key, cells } of rows) {
      const [, id = '', number = ''] = /^~newer\/(.*)\/([0-9]+)$/s.exec(key.toString()) ?? []
      const version = Number(number)
      const time = cells.get('version')?.time
      if (time !== undefined && version > (strays.get(id)?.version ?? 0)) strays.set(id, { version, time })
    }
  }
  return strays
}

/** The id in the row key of an entry of ours, as `readStrays` has it. */
export const idIn = (key: Buffer): string => key.toString('utf8', 16, key.length - 4)

/** Where the note about a version is. */
export const notePlace = (id: string, { version, time }: Stray): Place => ({ key: noteKey(id, version), time })

const noteKey = (id: string, version: number): Buffer => Buffer.from(`${prefix.toString()}${id}/${version}`)

const noteOf = ({ id, version }: EntryRow): Put => ({
  key: noteKey(idText(id), version),
  cells: [['version', String(version)]]
})

// The version before, in a key of the same delivery.
function olderKey(key: Buffer): Buffer {
  const older = Buffer.from(key)
  older.writeUInt32BE(older.readUInt32BE(older.length - 4) + 1, older.length - 4)
  return older
}
