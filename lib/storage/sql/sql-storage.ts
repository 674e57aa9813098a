import { randomBytes } from 'node:crypto'
import type { Delivery } from '../../delivery.ts'
import { StorageError } from '../../errors.ts'
import type { Envelope } from '../envelope.ts'
import { closedError } from '../remote/closed-error.ts'
import { GroupedAppends } from '../remote/grouped-appends.ts'
import { warnOfUncheckedTls } from '../remote/unchecked-tls.ts'
import type { Entry, ReadOptions, Storage } from '../storage.ts'
import { Access } from './access.ts'
import { Claims } from './claims.ts'
import type { Database, Dialect, Result, Session, Statement } from './dialect.ts'
import { envelopeOfWhole, SqlEntry } from './entry.ts'
import { addressOf, type CompleteSqlOptions } from './options.ts'
import { type Cells, entriesIn, type Page, type Source } from './reading.ts'
import { type Row, rowOf } from './row.ts'
import { type Range, Statements } from './statements.ts'
import { quotedName, type TableName } from './table.ts'

/** What `report()` of a table says. */
export interface SqlReport {
  readonly entries: number
}

const mostRows = 1_000
const mostBytes = 8 * 1024 * 1024
// While one is being committed the next one is sent.
const appendsAtOnce = 2

/** A table of a database: what `MysqlStorage` and `PostgresStorage` are. */
export class SqlStorage implements Storage {
  readonly durable = true
  readonly #dialect: Dialect
  readonly #options: CompleteSqlOptions
  readonly #table: string
  readonly #name: string
  readonly #statements: Statements
  readonly #access: Access
  readonly #claims: Claims
  readonly #appends: GroupedAppends<Row>
  readonly #lease: number
  readonly #source: Source
  /** Who claims. */
  readonly #token = randomBytes(15).toString('base64url')
  readonly #claimsUnderWay = new Set<Promise<Page>>()
  #closing: Promise<void> | undefined

  constructor(dialect: Dialect, options: CompleteSqlOptions, table: TableName) {
    const address = addressOf(options, dialect)
    if (address.tls === 'unchecked') warnOfUncheckedTls(dialect.name)
    const name: TableName = { ...table, schema: table.schema ?? address.schema }
    this.#dialect = dialect
    this.#options = options
    this.#table = quotedName(dialect, name)
    this.#name = name.name
    this.#statements = new Statements(dialect, name)
    this.#access = new Access(dialect, address, name, options.timeout)
    this.#lease = options.lease
    this.#source = {
      table: name.name,
      last: () => this.#last(),
      page: (range, claims) => this.#page(range, claims),
      whole: (position, isClaimed) => this.#whole(position, isClaimed ? this.#token : undefined)
    }
    this.#claims = new Claims({
      lease: options.lease,
      renew: positions => this.#say('renew claims in', this.#statements.renew(positions, this.#token, options.lease)),
      release: positions => this.#say('release claims in', this.#statements.release(this.#token, positions))
    })
    this.#appends = new GroupedAppends({
      encode: rowOf,
      write: rows => this.#access.once('append to', (session, database) => this.#insert(session, database, rows)),
      bytesOf: ({ bytes }) => bytes,
      mostRows,
      mostBytes,
      atOnce: appendsAtOnce
    })
  }

  /** The options that say where it stores. @internal */
  get place(): object {
    return { storage: this.#dialect.name, ...this.#options }
  }

  /** Connects, and makes the table when it is missing. */
  async open(): Promise<void> {
    await this.#access.once('open', () => Promise.resolve())
  }

  async append(deliveries: readonly Delivery[]): Promise<void> {
    if (this.#closing !== undefined) throw closedError(this.#table)
    await this.#appends.append(deliveries)
  }

  read(options: ReadOptions = {}): AsyncGenerator<Entry> {
    return entriesIn(this.#source, options, options.claim ? this.#claims : undefined)
  }

  async remove(entries: readonly Entry[]): Promise<void> {
    for (let from = 0; from < entries.length; from += mostRows) {
      const some = entries.slice(from, from + mostRows)
      await this.#say('remove from', this.#statements.remove(some))
      for (const entry of some) if (entry instanceof SqlEntry) entry.dropClaim()
    }
  }

  /** Counts the entries. */
  async report(): Promise<SqlReport> {
    const { rows } = await this.#say('read', this.#statements.count())
    return { entries: Number(rows[0]![0]) }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#appends.idle()
    await Promise.allSettled(this.#claimsUnderWay)
    await this.#claims.end()
    await this.#access.close()
  }

  async #last(): Promise<number> {
    // What was released by this storage is there for its next reader.
    await this.#claims.settled()
    const { rows } = await this.#say('read', this.#statements.last())
    return Number(rows[0]![0])
  }

  async #page(range: Range, claims: Claims | undefined): Promise<Page> {
    if (claims === undefined) {
      const { rows } = await this.#say('read', this.#statements.page(range))
      return rows.map(cells => ({ cells, claim: undefined }))
    }
    if (this.#closing !== undefined) throw closedError(this.#table)
    const claimed = this.#claimedPage(range)
    this.#claimsUnderWay.add(claimed)
    return claimed.finally(() => this.#claimsUnderWay.delete(claimed))
  }

  async #claimedPage(range: Range): Promise<Page> {
    const { rows, since } = await this.#access.repeated('claim in', async session => {
      const start = performance.now()
      return { rows: await this.#claim(session, range), since: start }
    })
    const claims = this.#claims.add(rows.map(positionOf), since)
    return rows.map((cells, i) => ({ cells, claim: claims[i] }))
  }

  // A short transaction: while an entry is on its way nothing is locked.
  async #claim(session: Session, range: Range): Promise<readonly Cells[]> {
    try {
      await session.run({ text: this.#dialect.begin, values: [] })
      const { rows } = await session.run(this.#statements.claimable(range))
      const positions = rows.map(positionOf)
      if (rows.length > 0) await session.run(this.#statements.claim(positions, this.#token, this.#lease))
      await session.run({ text: 'commit', values: [] })
      return rows
    } catch (error) {
      this.#claims.doubt()
      await session.run({ text: 'rollback', values: [] }).catch(() => undefined)
      throw error
    }
  }

  async #whole(position: number, token: string | undefined): Promise<Envelope | undefined> {
    const { rows } = await this.#say('read', this.#statements.whole(position, token))
    return rows[0] === undefined ? undefined : envelopeOfWhole(rows[0], this.#name)
  }

  async #insert(session: Session, { mostBytes }: Database, rows: readonly Row[]): Promise<void> {
    for (const part of partsOf(newestOf(rows), mostBytes)) {
      await session.run(this.#dialect.insert(this.#table, part, mostBytes))
    }
  }

  #say(what: string, statement: Statement): Promise<Result> {
    return this.#access.repeated(what, session => session.run(statement))
  }
}

const positionOf = ([position]: Cells): number => Number(position)

/** Each id once: two versions, or a repeated append, may come together. */
function newestOf(rows: readonly Row[]): readonly Row[] {
  const newest = new Map<string, Row>()
  for (const row of rows) {
    const other = newest.get(row.id)
    if (other === undefined || other.version < row.version) newest.set(row.id, row)
  }
  return newest.size === rows.length ? rows : [...newest.values()]
}

/** Rows that can be sent together. Throws `SPW_ERR_STORAGE_REFUSED` when one cannot be sent at all. */
function partsOf(rows: readonly Row[], most: number): Row[][] {
  const parts: Row[][] = []
  let room = 0
  for (const row of rows) {
    if (row.bytes > most) {
      const message = `A delivery of ${row.bytes} bytes is larger than the server takes, which is ${most}.`
      throw new StorageError('SPW_ERR_STORAGE_REFUSED', message, { retryable: false })
    }
    if (row.bytes > room) {
      parts.push([])
      room = most
    }
    parts.at(-1)!.push(row)
    room -= row.bytes
  }
  return parts
}
