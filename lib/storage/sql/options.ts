import { OptionsError } from '../../errors.ts'
import { type Host, type JdbcUrl, parseJdbcUrl } from './jdbc-url.ts'
import { type ParameterNames, type Settings, settingsOf, type TlsMode } from './parameters.ts'

/** What `MysqlStorage` and `PostgresStorage` have in common. */
export interface SqlOptions {
  /** The server and the database, as a URL of JDBC. Its hosts are tried in their order, until one takes writes. */
  jdbcUrl: string
  /** The user of the database. @default the one in `jdbcUrl` */
  username?: string
  /** The password of the user. @default the one in `jdbcUrl`, else none */
  password?: string
  /** A driver's class for Java. It must be one of this database; else nothing follows from it. */
  driverClassName?: string
  /** The table. It is made when it is missing, and columns that are missing in it are added. */
  table: string
  /** The longest that a call may take, connecting included, in milliseconds. @default 10_000 */
  timeout?: number
  /** How long what a replay has taken stays its own when it is not heard of any more, in milliseconds. @default 60_000 */
  lease?: number
  /** A file with the certificates, in PEM, that the server's must come from. @default those of Node.js */
  ca?: string
  /** A file with the certificate, in PEM, that is shown to the server. */
  cert?: string
  /** A file with the key of `cert`, in PEM. */
  key?: string
  /** Whether an encrypted connection takes any certificate: whoever is between can read and alter all. @default false */
  insecure?: boolean
}

const path = { type: 'string', minLength: 1 } as const

export const sqlProperties = {
  jdbcUrl: { type: 'string', minLength: 1, secret: true },
  username: { type: 'string', minLength: 1 },
  password: { type: 'string', secret: true },
  driverClassName: { type: 'string', minLength: 1 },
  table: {
    type: 'string',
    pattern: '^[A-Za-z_][A-Za-z0-9_$]{0,62}(\\.[A-Za-z_][A-Za-z0-9_$]{0,62})?$',
    form: 'a name of letters, digits, _ and $, no digit first and 63 at most, or two of them with a dot between'
  },
  timeout: { type: 'integer', minimum: 1, maximum: 2_147_483_647, default: 10_000, unit: 'ms' },
  lease: { type: 'integer', minimum: 100, maximum: 2_147_483_647, default: 60_000, unit: 'ms' },
  ca: path,
  cert: path,
  key: path,
  insecure: { type: 'boolean', default: false }
} as const

export type CompleteSqlOptions = SqlOptions & Required<Pick<SqlOptions, 'timeout' | 'lease' | 'insecure'>>

/** Which database a storage is for, as far as options are concerned. */
export interface Kind {
  /** The storage's name. */
  readonly name: string
  /** As they stand in a JDBC URL. */
  readonly kinds: readonly string[]
  readonly port: number
  readonly parameters: ParameterNames
  /** The classes of its drivers for Java. */
  readonly drivers: RegExp
  /** The URL in messages. */
  readonly example: string
}

/** Where the database is, and how one gets in. */
export interface Address extends Readonly<Settings> {
  readonly hosts: ReadonlyArray<Required<Host>>
  readonly database: string
  readonly username: string
  readonly tls: TlsMode
  /** Milliseconds. */
  readonly timeout: number
}

/** Reads the JDBC URL and what stands beside it. Throws `SPW_ERR_OPTIONS`. */
export function addressOf(options: CompleteSqlOptions, kind: Kind): Address {
  const url = parseJdbcUrl(options.jdbcUrl)
  checkKind(url, kind)
  checkDriver(options.driverClassName, kind)
  const settings = settingsOf(url.parameters, kind.parameters)
  const username = options.username ?? settings.username ?? url.username
  if (username === undefined) throw new OptionsError('failover/username is missing')
  const password = options.password ?? settings.password ?? url.password
  const { ca = settings.ca, cert = settings.cert, key = settings.key } = options
  const tls = tlsOf(settings.tls ?? 'off', options.insecure)
  checkFiles(tls, { ca, cert, key })
  return {
    ...settings,
    hosts: url.hosts.map(({ host, port = kind.port }) => ({ host, port })),
    database: databaseOf(url, kind, username),
    username,
    ...(password === undefined ? {} : { password }),
    tls,
    timeout: options.timeout,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key })
  }
}

const storageOf: Readonly<Record<string, string>> = { mysql: 'mysql', mariadb: 'mysql', postgresql: 'postgres' }

function checkKind({ kind: got }: JdbcUrl, { name, kinds, example }: Kind): void {
  if (kinds.includes(got)) return
  const other = storageOf[got]
  const hint = other === undefined ? '' : `; for that database say storage: ${other}`
  throw new OptionsError(`failover/jdbcUrl of storage "${name}" must be like ${example}, got "jdbc:${got}:"${hint}`)
}

function checkDriver(driver: string | undefined, { name, drivers }: Kind): void {
  if (driver === undefined || drivers.test(driver)) return
  throw new OptionsError(
    `failover/driverClassName must be a driver for the database of storage "${name}", got ${JSON.stringify(driver)}`
  )
}

function databaseOf({ database }: JdbcUrl, { name, example }: Kind, username: string): string {
  if (database !== undefined) return database
  if (name === 'postgres') return username
  throw new OptionsError(`failover/jdbcUrl must name a database, as ${example} does`)
}

function tlsOf(tls: TlsMode, insecure: boolean): TlsMode {
  if (tls === 'unchecked' && !insecure) {
    throw new OptionsError(
      'failover/jdbcUrl asks for a connection that takes any certificate: that needs insecure: true as well'
    )
  }
  if (tls === 'off' && insecure) {
    throw new OptionsError('failover/insecure: the connection is not encrypted at all, see sslmode in failover/jdbcUrl')
  }
  return insecure ? 'unchecked' : tls
}

function checkFiles(tls: TlsMode, files: Readonly<Record<string, string | undefined>>): void {
  const [given] = Object.keys(files).filter(name => files[name] !== undefined)
  if (tls === 'off' && given !== undefined) {
    throw new OptionsError(`failover/${given}: the connection is not encrypted, see sslmode in failover/jdbcUrl`)
  }
  if ((files.cert === undefined) !== (files.key === undefined)) {
    throw new OptionsError('failover/cert and failover/key are given together or not at all')
  }
}
