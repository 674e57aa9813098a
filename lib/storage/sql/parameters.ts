import { OptionsError } from '../../errors.ts'
import { nearest } from '../../options.ts'

/**
 * How the connection is encrypted, and what is checked: nothing of it, the certificate's chain, that and its name, or the
 * server is taken for whoever it says it is.
 */
export type TlsMode = 'off' | 'chain' | 'full' | 'unchecked'

/** What the parameters of a JDBC URL say, where it means something to us. */
export interface Settings {
  username?: string
  password?: string
  tls?: TlsMode
  ca?: string
  cert?: string
  key?: string
  schema?: string
  applicationName?: string
}

/** The parameters that a kind of database has. Names in lower case: the drivers of Java do not distinguish either. */
export interface ParameterNames {
  /** Taken in this order, whatever that of the URL is. */
  readonly meant: Readonly<Record<string, (value: string, settings: Settings) => void>>
  /** Only of concern to the driver for Java: they say how it works, or ask for what is always so here. */
  readonly harmless: ReadonlySet<string>
}

const plainName = /^[A-Za-z][\w.-]*$/
const unquoted =
  'one that is not quoted, since it may be a part of the password (in which & is %26, and / and ? are %2F and %3F)'

/** Throws `SPW_ERR_OPTIONS` with the names of all that are not supported, but for what may be a part of the password. */
export function settingsOf(parameters: ReadonlyMap<string, string>, { meant, harmless }: ParameterNames): Settings {
  const settings: Settings = {}
  const given = [...parameters].map(([name, value]) => ({ name, key: name.toLowerCase(), value }))
  for (const [meantKey, take] of Object.entries(meant)) {
    for (const { key, value } of given) if (key === meantKey) take(value, settings)
  }
  const unknown = given.filter(({ key }) => !Object.hasOwn(meant, key) && !harmless.has(key))
  if (unknown.length === 0) return settings
  const known = [...Object.keys(meant), ...harmless]
  const password = given.findIndex(({ key }) => key === 'password')
  const names = unknown.map(parameter => {
    const { name } = parameter
    const near = nearest(name, known)
    if (near !== undefined) return `${JSON.stringify(name)} (did you mean ${JSON.stringify(near)}?)`
    const isBehind = password !== -1 && given.indexOf(parameter) > password
    return isBehind || !plainName.test(name) ? unquoted : JSON.stringify(name)
  })
  throw new OptionsError(`failover/jdbcUrl has parameters that are not supported: ${names.join(', ')}`)
}

/** The value of a parameter that is one of a few words. */
export function oneOfWords<T>(name: string, value: string, words: Readonly<Record<string, T>>): T {
  const word = value.toLowerCase()
  if (Object.hasOwn(words, word)) return words[word]!
  throw new OptionsError(`failover/jdbcUrl: ${name} must be one of ${Object.keys(words).join(', ')}`)
}

/** The value of a parameter that is `true` or `false`; a bare name is `true`. */
export const isTrue = (name: string, value: string): boolean =>
  oneOfWords(name, value, { true: true, false: false, yes: true, no: false, '': true })

/** A set of names that stand in one text, in lower case. */
export const namesIn = (text: string): ReadonlySet<string> => new Set(text.toLowerCase().trim().split(/\s+/))
