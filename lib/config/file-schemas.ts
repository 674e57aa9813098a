import { failoverSchema } from '../failover-writable.ts'
import { httpSchema } from '../http-writable.ts'
import { journalSchema } from '../journal/options.ts'
import type { OptionsSchema } from '../options.ts'
import { retrySchema } from '../retry-transform.ts'
import { sourceSchema } from '../source/options.ts'
import { storageSchema } from '../storage/registry.ts'
import type { SectionName } from './sections.ts'

/** Where the command line stores what fails, unless it is told otherwise. */
export const defaultFailover = { storage: 'file', path: './failover' } as const

/** Where the command line keeps what it reads from standard input, and its place in files. */
export const defaultJournal = { storage: 'file', path: './journal' } as const

/**
 * The schema of a section in a file: that of its stream, without what only code can give (functions, instances); for
 * `failover` and `journal` with the options of the storage that the section names. Throws `SPW_ERR_OPTIONS` for a storage that there is
 * not.
 */
export function fileSchema(name: SectionName, section: Readonly<Record<string, unknown>>): OptionsSchema {
  if (name === 'failover') return failoverFileSchema({ storage: defaultFailover.storage, ...section })
  if (name === 'journal') return withStorage(journalSchema.properties, section.storage ?? defaultJournal.storage)
  return { source: sourceSchema, http: httpFileSchema, retry: retrySchema }[name]
}

const httpFileSchema = withoutCode(httpSchema)

function withoutCode(schema: OptionsSchema): OptionsSchema {
  const properties = Object.entries(schema.properties).filter(([, option]) => !('typeof' in option))
  return { ...schema, properties: Object.fromEntries(properties) }
}

function failoverFileSchema({ storage, fallback }: Readonly<Record<string, unknown>>): OptionsSchema {
  const schema = withStorage({ ...failoverSchema.properties, fallback: noFallback }, storage)
  if (typeof fallback !== 'object' || fallback === null) return schema
  return { ...schema, properties: { ...schema.properties, fallback: fallbackSchema(fallback) } }
}

// The command line has one for every storage that is not here; `false` is how to have none.
const noFallback = { anyOf: [{ type: 'object' }, { const: false }] }

function fallbackSchema({ storage, fallback }: { storage?: unknown; fallback?: unknown }): OptionsSchema {
  if (typeof fallback !== 'object' || fallback === null) return withStorage({}, storage)
  return withStorage({ fallback: fallbackSchema(fallback) }, storage)
}

function withStorage(properties: Readonly<Record<string, object>>, storage: unknown): OptionsSchema {
  const own = typeof storage === 'string' ? storageSchema(storage) : undefined
  return {
    ...own,
    type: 'object',
    properties: { ...own?.properties, ...properties, storage: { type: 'string' } },
    required: ['storage', ...((own?.required as string[] | undefined) ?? [])],
    additionalProperties: false
  }
}
