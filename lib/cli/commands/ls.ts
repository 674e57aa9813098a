import type { Config } from '../../config/read-config.ts'
import type { Secrets } from '../../config/secrets.ts'
import type { Filter } from '../../storage/filter.ts'
import type { Entry } from '../../storage/storage.ts'
import { printLine } from '../standard-streams.ts'
import { buildStored } from '../stored.ts'
import { type Context, tellFailure } from './context.ts'
import { closeQuietly } from './replay.ts'

export interface LsFlags {
  readonly filter: Filter
  readonly limit?: number | undefined
  readonly json: boolean
}

/** What is listed of an entry: nothing of its records or headers. */
interface Row {
  readonly id: string
  readonly version: number
  readonly accepted: string
  readonly outcome: string
  readonly code: string
  readonly status: number | undefined
  readonly attempts: number
  readonly records: number
  readonly method: string
  readonly url: string
}

const widths: ReadonlyArray<readonly [keyof Row, number]> = [
  ['id', 18],
  ['version', 3],
  ['accepted', 24],
  ['outcome', 9],
  ['code', 21],
  ['status', 6],
  ['attempts', 8],
  ['records', 7],
  ['method', 7],
  ['url', 0]
]

/** Lists what is stored, as it is read. Returns the exit code. */
export async function ls(
  config: Config,
  { filter, limit = Infinity, json }: LsFlags,
  context: Context
): Promise<number> {
  const storage = buildStored(config, context)
  let left = limit
  try {
    if (!json) await printLine(tableLine(Object.fromEntries(widths.map(([name]) => [name, heading[name] ?? name]))))
    for await (const entry of storage.read({ filter, signal: context.unread })) {
      if (left-- <= 0 || context.unread.aborted) break
      const row = rowOf(entry, context.secrets)
      await printLine(json ? JSON.stringify(row) : tableLine({ ...row }))
    }
    return 0
  } catch (error) {
    tellFailure(error as Error, context.secrets)
    return 5
  } finally {
    await closeQuietly(storage)
  }
}

const heading: Partial<Record<keyof Row, string>> = { version: 'v' }

// Other writers' times may be none that a date can have.
function timeText(time: number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? String(time) : date.toISOString()
}

function rowOf({ id, version, envelope }: Entry, secrets: Secrets): Row {
  const { acceptedAt, outcome, lastError, attempts, records, method, url } = envelope
  return {
    id,
    version,
    accepted: timeText(acceptedAt),
    outcome,
    code: lastError?.code ?? '',
    status: lastError?.status,
    attempts,
    records: records.length,
    method,
    url: secrets.redact(url)
  }
}

function tableLine(row: Readonly<Record<string, string | number | undefined>>): string {
  return widths
    .map(([name, width]) => String(row[name] ?? '').padEnd(width))
    .join('  ')
    .trimEnd()
}
