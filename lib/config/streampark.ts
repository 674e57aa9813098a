import { nearest } from '../options.ts'
import { OptionsError } from '../errors.ts'
import { type Flat, flattened } from './flattened.ts'
import {
  failoverKeys,
  flatKeys,
  type Mapping,
  storageKeys,
  storageSections,
  storagesWithoutTable,
  thresholdKeys,
  unusedKeys
} from './streampark-keys.ts'

/** StreamPark's configuration in our own words. */
export interface FromStreamPark {
  readonly http: Record<string, unknown>
  readonly retry: Record<string, unknown>
  readonly failover: Record<string, unknown>
  /** What was taken and is not used, a sentence each. */
  readonly notices: readonly string[]
  /** Where each option came from: a JSON pointer into our form, and the one into theirs. */
  readonly origins: ReadonlyMap<string, string>
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const sinkName = /^(?:app\.)?http\.sink\./
const ourSections = /^(?:http|retry|failover|journal|source)(?:\.|$)/

/**
 * Whether this is a configuration as StreamPark has it: `http.sink` is there (nested or with dots, also under `app`), or
 * its keys stand alone at the top, without our sections `http` and `failover`.
 */
export function isStreamParkConfig(value: unknown): value is Record<string, unknown> {
  if (!isObject(value)) return false
  const names = Object.keys(value)
  const under = (section: string): string[] => (isObject(value[section]) ? Object.keys(value[section]) : [])
  const inHttp = [...under('http').map(key => `http.${key}`), ...under('app').map(key => `app.${key}`)]
  if ([...names, ...inHttp].some(name => sinkName.test(`${name}.`))) return true
  if (isObject(value.app) && isObject(value.app.http) && 'sink' in value.app.http) return true
  if (names.includes('http')) return false
  if (names.some(name => /^threshold(?:\.|$)/.test(name))) return true
  return !names.includes('failover') && names.some(name => flatKeys.includes(name) || /^failover\./.test(name))
}

/**
 * The same configuration in our own form. The record is a URL there, whose query becomes the body; `method` is that of
 * every request, `storage` one that is chosen elsewhere. Sections of other programs are left alone; a storage that is not chosen may have its keys all the same.
 * Numbers may be texts, as in a properties file. Throws `SPW_ERR_OPTIONS` with a line for each fault: a key that is
 * unknown, or given twice, or of our own form; no storage.
 */
export function fromStreamPark(
  value: Readonly<Record<string, unknown>>,
  method?: string,
  locate: Locate = () => '',
  storage?: string
): FromStreamPark {
  return new Reading(sinkKeys(value, locate), locate, storage).result(method)
}

/** The place of what a JSON pointer names, with a space behind it; nothing where there is no file. */
export type Locate = (pointer: string) => string

/** The keys of the sink, without their prefix. */
function sinkKeys(value: Readonly<Record<string, unknown>>, locate: Locate): ReadonlyMap<string, Flat> {
  const flat = flattened(value)
  const prefixed = [...flat].filter(([name]) => sinkName.test(name))
  const others = [...flat].filter(([name]) => !sinkName.test(name))
  if (prefixed.length === 0) {
    refuseMixture(
      others.filter(([name]) => ourSections.test(name) && !name.startsWith('failover.')),
      locate
    )
    return flat
  }
  refuseMixture(
    others.filter(([name]) => ourSections.test(name) || /^threshold\./.test(name) || flatKeys.includes(name)),
    locate
  )
  const keys = new Map<string, Flat>()
  for (const [name, item] of prefixed) {
    const bare = name.replace(sinkName, '')
    if (keys.has(bare)) throw new OptionsError(`${locate(item.pointer)}http.sink.${bare} is given twice`)
    keys.set(bare, item)
  }
  return keys
}

function refuseMixture(mixed: ReadonlyArray<readonly [string, Flat]>, locate: Locate): void {
  if (mixed.length === 0) return
  const sentences = mixed.map(
    ([name, { pointer }]) =>
      `${locate(pointer)}${name} cannot stand beside StreamPark's keys: use one form, theirs or ours`
  )
  throw new OptionsError(sentences.join('\n'))
}

/** One pass over the keys: each is mapped, noticed, left alone or refused. */
class Reading {
  readonly #locate: Locate
  readonly #storage: string | undefined
  readonly #sections: Record<'http' | 'retry' | 'failover', Record<string, unknown>> = {
    http: {},
    retry: {},
    failover: {}
  }
  readonly #origins = new Map<string, string>()
  readonly #notices: string[] = []
  readonly #faults: string[] = []

  constructor(keys: ReadonlyMap<string, Flat>, locate: Locate, storage?: string) {
    this.#locate = locate
    const chosen = storage ?? (keys.get('failover.storage') ?? keys.get('storage'))?.value
    this.#storage = chosen === undefined ? undefined : textOf(chosen).toLowerCase()
    for (const [name, item] of keys) this.#take(name, item)
    if (this.#storage === undefined) {
      this.#faults.push(
        `failover.storage is missing: one of ${Object.keys(storageKeys).join(', ')}; with "none" what fails is dropped`
      )
    }
  }

  result(method: string | undefined): FromStreamPark {
    if (this.#faults.length > 0) throw new OptionsError(this.#faults.join('\n'))
    const { http, retry, failover } = this.#sections
    const fixed = { urlQuery: 'body', ...(method === undefined ? {} : { method }) }
    return {
      http: { ...fixed, successCode: 200, ...http },
      retry,
      failover,
      notices: this.#notices,
      origins: this.#origins
    }
  }

  #take(name: string, item: Flat): void {
    const bare = name.replace(/^(?:threshold|failover)\./, '')
    const isThreshold = name.startsWith('threshold.')
    const isFailover = name.startsWith('failover.')
    if (!isFailover && unusedKeys.has(bare)) {
      this.#notices.push(
        `${name} is not used: queueCapacity alone says how much may wait, and nothing waits for a time`
      )
    } else if (bare === 'table' && storagesWithoutTable.has(this.#storage ?? '')) return
    else if (!isFailover && Object.hasOwn(thresholdKeys, bare)) this.#set(name, thresholdKeys[bare]!, item)
    else if (!isThreshold && Object.hasOwn(failoverKeys, bare)) this.#set(name, failoverKeys[bare]!, item)
    else if (!isThreshold && flatKeys.includes(bare)) this.#takeOwn(name, bare, item)
    else if (isFailover && bare.includes('.')) this.#takeFromSection(name, bare, item)
    else if (isThreshold || isFailover || !name.includes('.')) this.#refuse(name, bare, isThreshold, item)
  }

  #takeOwn(name: string, key: string, item: Flat): void {
    const mapping = keysOf(this.#storage)[key]
    if (mapping !== undefined) this.#set(name, mapping, item)
  }

  #takeFromSection(name: string, bare: string, item: Flat): void {
    const section = bare.slice(0, bare.indexOf('.'))
    const known = Object.values(storageSections).flat()
    if (!known.includes(section)) {
      const near = nearest(section, known)
      const hint = near === undefined ? '' : `, did you mean "${near}"?`
      this.#faults.push(`${this.#locate(item.pointer)}failover has no section "${section}"${hint}`)
      return
    }
    if (!sectionsOf(this.#storage).includes(section)) return
    const option = bare.slice(section.length + 1)
    // A key that is not known here is left to the storage's own schema, which refuses it by name.
    const mapping = keysOf(this.#storage)[option] ?? { section: 'failover', option, as: 'text' }
    this.#set(name, mapping, item)
  }

  #set(name: string, { section, option, as }: Mapping, { value, pointer }: Flat): void {
    if (Object.hasOwn(this.#sections[section], option)) {
      this.#faults.push(
        `${this.#locate(pointer)}${name} is given twice, under two names: it is ${section}/${option} here`
      )
      return
    }
    this.#sections[section][option] = converted[as](value)
    this.#origins.set(`/${section}/${option}`, pointer)
  }

  #refuse(name: string, bare: string, isThreshold: boolean, { pointer }: Flat): void {
    const near = nearest(bare, isThreshold ? [...Object.keys(thresholdKeys), ...unusedKeys] : flatKeys)
    this.#faults.push(
      `${this.#locate(pointer)}http.sink has no key "${name}"${near === undefined ? '' : `, did you mean "${near}"?`}`
    )
  }
}

const keysOf = (storage = ''): Readonly<Record<string, Mapping>> =>
  Object.hasOwn(storageKeys, storage) ? storageKeys[storage]! : {}

const sectionsOf = (storage = ''): readonly string[] =>
  Object.hasOwn(storageSections, storage) ? storageSections[storage]! : []

const integer = (value: unknown): unknown =>
  typeof value === 'string' && /^\s*[+-]?\d{1,15}\s*$/.test(value) ? Number(value) : value

// Flattened, a value is a text, a number, a boolean or a list.
const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

// What is not of the kind stays as it is: the schema says what is wrong with it.
const converted: Record<Mapping['as'], (value: unknown) => unknown> = {
  integer,
  codes(value) {
    const codes = (Array.isArray(value) ? (value as unknown[]) : textOf(value).split(',')).map(integer)
    if (!codes.every(Number.isInteger)) return value
    return codes.length === 1 ? codes[0] : codes
  },
  text: value => (Array.isArray(value) ? value : textOf(value)),
  storage: value => textOf(value).toLowerCase()
}
