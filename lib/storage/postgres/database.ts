import type { Pool, PoolClient, PoolConfig } from 'pg'
import { loadDriver } from '../remote/driver.ts'
import { borrowed, type Lending } from '../sql/borrow.ts'
import { checkedDatabase } from '../sql/checked-database.ts'
import type { Cell, Database, Result, Session, Statement } from '../sql/dialect.ts'
import type { Address } from '../sql/options.ts'
import { certificatesOf } from '../sql/tls.ts'
import { guarded } from './guarded-client.ts'

const mostConnections = 10
// A value is 1 GB at most, and a statement's values come in one message.
const mostBytes = 1_000_000_000

/** Connects to one host, and asks it whether it takes writes. */
export async function connect(
  address: Address,
  host: Address['hosts'][number],
  signal: AbortSignal
): Promise<Database> {
  const { default: pg } = await loadDriver('postgres', 'pg', () => import('pg'))
  const config = { ...(await poolConfig(address, host)), Client: guarded(pg.Client) }
  return checkedDatabase(new PostgresDatabase(new pg.Pool(config)), signal)
}

async function poolConfig(address: Address, { host, port }: Address['hosts'][number]): Promise<PoolConfig> {
  const { username: user, password, database, tls, timeout, applicationName = 'spillway' } = address
  const certificates = tls === 'off' ? {} : await certificatesOf(address)
  const anyName = tls === 'chain' ? { checkServerIdentity: () => undefined } : {}
  return {
    host,
    port,
    user,
    ...(password === undefined ? {} : { password }),
    database,
    application_name: applicationName,
    ssl: tls === 'off' ? false : { ...certificates, rejectUnauthorized: tls !== 'unchecked', ...anyName },
    max: mostConnections,
    connectionTimeoutMillis: timeout,
    keepAlive: true,
    allowExitOnIdle: true
  }
}

class PostgresDatabase implements Database {
  takesWrites = false
  readonly mostBytes = mostBytes
  readonly #pool: Pool
  readonly #clients = new Set<PoolClient>()
  readonly #lending: Lending<PoolClient>

  constructor(pool: Pool) {
    this.#pool = pool
    // One that nobody uses was ended by the server: the pool has forgotten it.
    pool.on('error', () => undefined)
    pool.on('connect', client => {
      this.#clients.add(client)
      // The pool does not listen to one that is in use, between two statements say.
      client.on('error', () => undefined)
    })
    pool.on('remove', client => this.#clients.delete(client))
    this.#lending = { take: () => pool.connect(), giveBack: (client, isWhole) => client.release(!isWhole), cut }
  }

  async look(signal: AbortSignal): Promise<void> {
    const { rows } = await this.use(signal, session => session.run({ text: 'show transaction_read_only', values: [] }))
    this.takesWrites = rows[0]![0] === 'off'
  }

  use<R>(signal: AbortSignal, work: (session: Session) => Promise<R>): Promise<R> {
    return borrowed(this.#lending, signal, client => work({ run: statement => run(client, statement) }))
  }

  async end(signal: AbortSignal): Promise<void> {
    const cutAll = (): void => this.#clients.forEach(cut)
    signal.addEventListener('abort', cutAll)
    await this.#pool.end()
  }
}

function cut(client: PoolClient): void {
  ;(client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy()
}

// Texts as they are: what they are is known here.
const types = { getTypeParser: () => (text: string) => text }

async function run(client: PoolClient, { text, values }: Statement): Promise<Result> {
  const query = { text, values: [...values], rowMode: 'array' as const, types }
  return { rows: (await client.query<Cell[]>(query)).rows }
}
