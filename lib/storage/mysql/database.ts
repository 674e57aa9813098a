import type { Duplex } from 'node:stream'
import type { Pool, PoolConnection, PoolOptions } from 'mysql2/promise'
import { loadDriver } from '../remote/driver.ts'
import { borrowed, type Lending } from '../sql/borrow.ts'
import { checkedDatabase } from '../sql/checked-database.ts'
import type { Cell, Database, Result, Session, Statement } from '../sql/dialect.ts'
import type { Address } from '../sql/options.ts'
import { certificatesOf } from '../sql/tls.ts'

const mostConnections = 10
const mostPrepared = 16
// Not all of a packet is rows.
const otherBytes = 64 * 1024

// Whatever sessions begin with at this server:
const sessionSettings = [
  // A text that does not fit must not be cut.
  "sql_mode = 'STRICT_ALL_TABLES'",
  // Where the clock is put back, an hour is there twice.
  "time_zone = '+00:00'",
  // What is answered is durable; else all that was appended would be gone with the connection.
  'autocommit = 1',
  // Else a transaction begins with the end of another one, and takes in the next append.
  'completion_type = 0',
  // A row is found by its claim too, and a table has more columns than one.
  'sql_safe_updates = 0',
  'sql_select_limit = 18446744073709551615'
].join(', ')

/** Connects to one host, and asks it what it takes. */
export async function connect(
  address: Address,
  host: Address['hosts'][number],
  signal: AbortSignal
): Promise<Database> {
  const { createPool } = await loadDriver('mysql', 'mysql2', () => import('mysql2/promise'))
  const pool = createPool(await poolOptions(address, host))
  return checkedDatabase(new MysqlDatabase(pool, address.timeout), signal)
}

async function poolOptions(address: Address, { host, port }: Address['hosts'][number]): Promise<PoolOptions> {
  const { username: user, password, database, tls, timeout } = address
  const ssl = {
    ...(await certificatesOf(address)),
    rejectUnauthorized: tls !== 'unchecked',
    verifyIdentity: tls === 'full'
  }
  return {
    host,
    port,
    user,
    ...(password === undefined ? {} : { password }),
    database,
    charset: 'utf8mb4',
    rowsAsArray: true,
    connectionLimit: mostConnections,
    connectTimeout: timeout,
    maxPreparedStatements: mostPrepared,
    ...(tls === 'off' ? {} : { ssl })
  }
}

class MysqlDatabase implements Database {
  takesWrites = false
  mostBytes = 0
  readonly #pool: Pool
  readonly #connections = new Set<Socketed>()
  readonly #lending: Lending<PoolConnection>

  constructor(pool: Pool, timeout: number) {
    this.#pool = pool
    pool.on('connection', connection => this.#prepare(connection as unknown as Socketed, timeout))
    this.#lending = {
      take: () => pool.getConnection(),
      giveBack: connection => connection.release(),
      cut: ({ connection }) => cut(connection as unknown as Socketed)
    }
  }

  async look(signal: AbortSignal): Promise<void> {
    const text = 'select @@global.read_only, @@session.max_allowed_packet'
    const { rows } = await this.use(signal, session => session.run({ text, values: [] }))
    const [isReadOnly, packet] = rows[0]!.map(Number)
    this.takesWrites = isReadOnly === 0
    this.mostBytes = packet! - otherBytes
  }

  use<R>(signal: AbortSignal, work: (session: Session) => Promise<R>): Promise<R> {
    return borrowed(this.#lending, signal, connection => work({ run: statement => run(connection, statement) }))
  }

  async end(signal: AbortSignal): Promise<void> {
    const cutAll = (): void => this.#connections.forEach(cut)
    signal.addEventListener('abort', cutAll)
    await this.#pool.end()
  }

  #prepare(connection: Socketed, timeout: number): void {
    this.#connections.add(connection)
    connection.on('end', () => this.#connections.delete(connection))
    // The pool listens once. What comes after that concerns nobody.
    connection.on('error', () => this.#connections.delete(connection))
    const failed = (error: unknown): void => (error === null ? undefined : cut(connection))
    const wait = Math.max(1, Math.floor(timeout / 1000))
    connection.query(`set session ${sessionSettings}, innodb_lock_wait_timeout = ${wait}`, failed)
    // No gaps are locked, for which appends would wait.
    connection.query('set session transaction isolation level read committed', failed)
  }
}

/** The connection beneath that of mysql2's promises. */
interface Socketed {
  readonly stream: Duplex
  on(event: string, listener: () => void): void
  query(text: string, done: (error: unknown) => void): void
}

// Its own destroy() only ends its side, and would wait for ever for a server that does not answer.
function cut({ stream }: Socketed): void {
  stream.destroy(Object.assign(new Error('The connection was cut.'), { code: 'ECONNABORTED' }))
}

async function run(connection: PoolConnection, { text, values, isPrepared }: Statement): Promise<Result> {
  const [result] = await (isPrepared
    ? connection.execute(text, values as never)
    : connection.query(text, values as never))
  return { rows: Array.isArray(result) ? (result as unknown as Cell[][]) : [] }
}
