import type { Config } from '../../config/read-config.ts'
import type { Filter } from '../../storage/filter.ts'
import type { Entry, Storage } from '../../storage/storage.ts'
import { wrongUse } from '../exit-code.ts'
import { printLine, tell } from '../standard-streams.ts'
import { buildStored } from '../stored.ts'
import { type Context, openStorage, tellFailure } from './context.ts'
import { closeQuietly } from './replay.ts'

export interface PurgeFlags {
  readonly filter: Filter
  readonly yes: boolean
}

/** Entries are removed so many at once. */
const group = 1_000

/** Removes what is stored, for good. Without `yes` it only says how much that would be. Returns the exit code. */
export async function purge(config: Config, { filter, yes }: PurgeFlags, context: Context): Promise<number> {
  const storage = buildStored(config, context)
  try {
    if (yes && !(await openStorage(storage, context.secrets))) return 5
    const found = await removed(storage, filter, yes)
    await printLine(JSON.stringify({ purged: yes, ...found }))
    if (yes) return 0
    tell(`nothing was removed: give --yes to remove ${found.deliveries} deliveries for good`)
    return wrongUse
  } catch (error) {
    tellFailure(error as Error, context.secrets)
    return 5
  } finally {
    await closeQuietly(storage)
  }
}

async function removed(
  storage: Storage,
  filter: Filter,
  really: boolean
): Promise<{ deliveries: number; records: number }> {
  const found = { deliveries: 0, records: 0 }
  let entries: Entry[] = []
  for await (const entry of storage.read({ filter, claim: really })) {
    found.deliveries++
    found.records += entry.envelope.records.length
    if (!really) continue
    entries.push(entry)
    if (entries.length < group) continue
    await storage.remove(entries)
    entries = []
  }
  if (entries.length > 0) await storage.remove(entries)
  return found
}
