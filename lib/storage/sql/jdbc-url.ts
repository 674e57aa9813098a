import { OptionsError } from '../../errors.ts'

export interface Host {
  readonly host: string
  /** Without one it is the database's standard port. */
  readonly port?: number
}

/** The parts of `jdbc:mysql://user:password@host:3306,other:3306/database?parameter=value`. */
export interface JdbcUrl {
  /** `mysql`, `mariadb`, `postgresql` or another one, in lower case. */
  readonly kind: string
  /** In the order in which they are tried. */
  readonly hosts: readonly Host[]
  readonly database: string | undefined
  readonly username: string | undefined
  readonly password: string | undefined
  /** By their names as they were written. */
  readonly parameters: ReadonlyMap<string, string>
}

const ways = new Set(['replication', 'loadbalance', 'sequential', 'failover'])

/**
 * Takes a JDBC URL apart: the drivers for Node know none, and would connect to somewhere else without a word. Throws
 * `SPW_ERR_OPTIONS`, and never quotes more of it than the kind of database, since the rest may hold a password.
 */
export function parseJdbcUrl(text: string): JdbcUrl {
  const [, name, rest] = /^jdbc:([a-z0-9+]+):(.*)$/is.exec(text) ?? []
  if (name === undefined) throw wrong(`must begin with "jdbc:" and a database, as jdbc:mysql://host:3306/database does`)
  const kind = name.toLowerCase()
  const [way] = /^[a-z]+(?=:\/\/)/i.exec(rest!) ?? ['']
  if (way !== '' && !ways.has(way.toLowerCase())) throw wrong(`has the unknown form jdbc:${kind}:${way}`)
  const address = rest!.slice(way === '' ? 0 : way.length + 1)
  const [path, query] = cut(address, '?')
  const [authority, database] = path.startsWith('//') ? cut(path.slice(2), '/') : ['', path.replace(/^\//, '')]
  const at = authority.lastIndexOf('@')
  const [username, password] = cut(authority.slice(0, Math.max(at, 0)), ':')
  return {
    kind,
    hosts: authority
      .slice(at + 1)
      .split(',')
      .map(hostOf),
    database: decoded(database),
    username: decoded(username),
    password: decoded(password),
    parameters: parametersOf(query)
  }
}

/** What stands before and after the first `separator`. */
function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function hostOf(text: string): Host {
  const form = /^(?:\[([0-9a-f:.]+)(?:%(?:25)?([\w.-]+))?\]|([\w.-]*))(?::(\d{1,5}))?$/i
  const [found, ipv6, zone, name, digits] = form.exec(text.trim()) ?? []
  const port = digits === undefined ? undefined : Number(digits)
  if (found === undefined || port === 0 || (port ?? 1) > 65_535) {
    throw wrong('must have hosts of the form name, name:port or [IPv6]:port, separated by commas')
  }
  const address = zone === undefined ? ipv6 : `${ipv6}%${zone}`
  const host = address ?? (name === '' ? 'localhost' : name!)
  return port === undefined ? { host } : { host, port }
}

function parametersOf(query: string | undefined): Map<string, string> {
  const parameters = new Map<string, string>()
  for (const part of query?.split('&') ?? []) {
    const [name, value] = cut(part, '=')
    if (name !== '') parameters.set(decoded(name)!, decoded(value) ?? '')
  }
  return parameters
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw wrong('has a % that does not begin an escape such as %40', cause)
  }
}

const wrong = (sentence: string, cause?: unknown): OptionsError =>
  new OptionsError(`failover/jdbcUrl ${sentence}`, { cause })
