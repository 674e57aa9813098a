import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OptionsError } from '../errors.ts'
import type { FailoverOptions } from '../failover-writable.ts'
import type { HttpOptions } from '../http-writable.ts'
import type { JournalOptions } from '../journal/options.ts'
import type { OptionsSchema } from '../options.ts'
import type { RetryOptions } from '../retry-transform.ts'
import { type SourceOptions, sourceSchema } from '../source/options.ts'
import { readDocument } from './document.ts'
import type { Environment } from './expand.ts'
import { sectionFaults } from './faults.ts'
import { defaultFailover, defaultJournal, fileSchema } from './file-schemas.ts'
import { ownSections } from './own-form.ts'
import { type Override, overridden, type SectionName, sectionNames, type Sections, told } from './sections.ts'
import type { Secrets } from './secrets.ts'
import { type FlagFault, storageFlagFaults } from './storage-flags.ts'
import { isStreamParkConfig } from './streampark.ts'
import { streamParkSections } from './streampark-form.ts'

/** A configuration that was read and checked. Its options go to the streams as they are. */
export interface Config {
  readonly file: string
  readonly source: SourceOptions & { readonly maxLineBytes: number }
  readonly http: HttpOptions & { readonly url?: string }
  readonly retry: RetryOptions
  readonly failover: FailoverOptions
  /** `undefined`: there is none. */
  readonly journal: JournalOptions | undefined
  /** What is to be said to the user and is no fault, a sentence each. */
  readonly notices: readonly string[]
  /** Whether it is in StreamPark's form. */
  readonly isStreamPark: boolean
  /** A sentence that begins with an option, `http/url …`, with its place in front, and in the user's words. */
  readonly fault: (sentence: string) => string
}

export interface ReadConfigOptions {
  /** What `${…}` may name. */
  readonly environment: Environment
  /** Takes in what came from outside, to be cut out of messages. */
  readonly secrets: Secrets
  /** What the command line gave: it counts more than the file. */
  readonly overrides?: readonly Override[]
}

type Streams = Pick<Config, 'http' | 'retry' | 'failover' | 'journal'>

/** No configuration is longer, in bytes. */
const most = 1024 * 1024

/**
 * Reads a configuration file, YAML or JSON, in our form or in StreamPark's. Throws `SPW_ERR_OPTIONS` with a line for each
 * fault, with its place in the file; no value from a variable or a secret file is in it.
 */
export async function readConfig(file: string, options: ReadConfigOptions): Promise<Config> {
  const { environment, secrets, overrides = [] } = options
  const document = readDocument(await textOf(file), file, environment, secrets)
  const isStreamPark = isStreamParkConfig(document.value)
  const sections = isStreamPark
    ? await streamParkSections(document, dirname(file), secrets, storageIn(overrides))
    : await ownSections(document, dirname(file), secrets)
  if (isStreamPark) refuseUrl(file, overrides)
  const given = overridden(sections, overrides)
  // StreamPark has none, so there is one only when a flag asks for it.
  const hasJournal = !isStreamPark || Object.keys(given.values.journal).length > 0
  const all = withStorage(withStorage(given, 'failover', defaultFailover), 'journal', hasJournal ? defaultJournal : {})
  const ofFlags = storageFlagFaults({ file, before: sections, now: given, overrides })
  const faults = sectionNames.flatMap(name => (name === 'journal' && !hasJournal ? [] : faultsIn(all, name, ofFlags)))
  if (faults.length > 0) throw new OptionsError(secrets.redact(faults.join('\n')))
  const { source, journal, ...streams } = withFallback(all.values)
  const maxLineBytes = sourceSchema.properties.maxLineBytes.default
  return {
    file,
    notices: all.notices,
    isStreamPark,
    fault: sentence => told(all, pointerIn(sentence), sentence),
    source: { maxLineBytes, ...source },
    ...(streams as object as Streams),
    journal: hasJournal && journal.storage !== 'none' ? (journal as object as JournalOptions) : undefined
  }
}

function withStorage(sections: Sections, name: SectionName, byDefault: object): Sections {
  const { values } = sections
  if (values[name].storage !== undefined) return sections
  return { ...sections, values: { ...values, [name]: { ...byDefault, ...values[name] } } }
}

/** A storage that is reached over a network has the local disk as its last resort, unless `fallback` is there, or `false`. */
function withFallback(values: Sections['values']): Sections['values'] {
  const { fallback, ...failover } = values.failover
  if (fallback === false) return { ...values, failover }
  if (fallback !== undefined || local.has(failover.storage)) return values
  return { ...values, failover: { ...failover, fallback: { ...defaultFailover, table: failover.storage } } }
}

const local: ReadonlySet<unknown> = new Set(['file', 'console', 'none'])

/** `explained` has sentences of its own for some of them. */
function faultsIn(sections: Sections, name: SectionName, explained: readonly FlagFault[]): string[] {
  const { values, isHidden, inTheirWords } = sections
  const schema = schemaOrFault(name, values[name])
  if (typeof schema === 'string') return [told(sections, `/${name}/storage`, schema)]
  const hidden = (pointer: string): boolean => isHidden(`/${name}${pointer}`)
  const found = sectionFaults(name, schema, values[name], hidden).map(({ pointer, sentence }) => ({
    pointer: `/${name}${pointer}`,
    sentence
  }))
  const others = found.filter(({ pointer }) => explained.every(fault => fault.pointer !== pointer))
  const own = explained.filter(({ pointer }) => pointer.startsWith(`/${name}`))
  return [
    ...own.map(({ sentence }) => inTheirWords(sentence)),
    ...others.map(({ pointer, sentence }) => told(sections, pointer, sentence))
  ]
}

/** The option that a sentence begins with: `http/queueCapacity must be …`. */
function pointerIn(sentence: string): string {
  return `/${/^(?:source|http|retry|failover|journal)(?:\/[\w.-]+)?/.exec(sentence)?.[0] ?? ''}`
}

function storageIn(overrides: readonly Override[]): string | undefined {
  const found = overrides.find(({ section, option }) => section === 'failover' && option === 'storage')
  return found === undefined ? undefined : String(found.value)
}

function refuseUrl(file: string, overrides: readonly Override[]): void {
  const found = overrides.find(({ section, option }) => section === 'http' && option === 'url')
  if (found === undefined) return
  const reason = 'it is in the form of StreamPark, where each record is the URL that it is sent to'
  throw new OptionsError(`${found.flag} cannot stand beside ${file}: ${reason}`)
}

function schemaOrFault(name: SectionName, section: Readonly<Record<string, unknown>>): OptionsSchema | string {
  try {
    return fileSchema(name, section)
  } catch (error) {
    if (error instanceof OptionsError) return error.message
    throw error
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await bytesOf(file))
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const reason = reasons[code ?? ''] ?? code ?? message
    throw new OptionsError(`cannot read the configuration ${file}: ${reason}`, { cause })
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not UTF-8'
}

async function bytesOf(file: string): Promise<Uint8Array> {
  const handle = await open(file)
  try {
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of handle.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>) {
      chunks.push(chunk)
      if ((bytes += chunk.length) > most) throw new Error(`it has more than ${most} bytes`)
    }
    return Buffer.concat(chunks)
  } finally {
    await handle.close()
  }
}
