import { setTimeout } from 'node:timers/promises'
import { StorageError } from '../../errors.ts'
import { Connection } from '../remote/connection.ts'
import { withDeadline } from '../remote/deadline.ts'
import type { Database, Dialect, Session } from './dialect.ts'
import type { Address } from './options.ts'
import { isEnough, shapeOf, shownName, statementsFor, type TableName } from './table.ts'

/** What is done on a connection. It may be repeated from its beginning. */
export type Work<R> = (session: Session, database: Database) => Promise<R>

type Attempt<R> = { readonly result: R } | { readonly error: StorageError; readonly isUndone: boolean }

// Milliseconds before something is repeated.
const minPause = 50
const maxPause = 1_000
// So often a statement that the server has undone is repeated at once.
const mostUndone = 5
// Milliseconds for adding columns to a table that is there, which may be large.
const alterTimeout = 600_000

/** The way to the table: connects when needed, within a deadline, and turns what the driver throws into `StorageError`s. */
export class Access {
  readonly #dialect: Dialect
  readonly #address: Address
  readonly #table: TableName
  readonly #timeout: number
  readonly #connection: Connection<Database>

  constructor(dialect: Dialect, address: Address, table: TableName, timeout: number) {
    this.#dialect = dialect
    this.#address = address
    this.#table = table
    this.#timeout = timeout
    this.#connection = new Connection({
      name: `${dialect.name} table ${shownName(table)}`,
      open: () => this.#open(),
      close: database => this.#end(database)
    })
  }

  /** One attempt. `what` completes the message: 'append to'. */
  once<R>(what: string, work: Work<R>): Promise<R> {
    return withDeadline(this.#timeout, this.#named(what), signal => this.#attempt(what, signal, work))
  }

  /** Attempts within the deadline, as long as their errors may pass. */
  repeated<R>(what: string, work: Work<R>): Promise<R> {
    const end = performance.now() + this.#timeout
    return withDeadline(this.#timeout, this.#named(what), async signal => {
      for (let pause = minPause; ; pause = Math.min(pause * 2, maxPause)) {
        try {
          return await this.#attempt(what, signal, work)
        } catch (error) {
          const isOver = signal.aborted || performance.now() + pause >= end
          if (isOver || !(error instanceof StorageError) || !error.retryable) throw error
        }
        await setTimeout(pause)
      }
    })
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  async #attempt<R>(what: string, signal: AbortSignal, work: Work<R>): Promise<R> {
    for (let undone = 0; ; undone++) {
      const attempt = await this.#connection.use(database => this.#tried(what, database, signal, work))
      if ('result' in attempt) return attempt.result
      if (!attempt.isUndone || undone === mostUndone || signal.aborted) throw attempt.error
    }
  }

  async #tried<R>(what: string, database: Database, signal: AbortSignal, work: Work<R>): Promise<Attempt<R>> {
    try {
      return { result: await database.use(signal, session => work(session, database)) }
    } catch (cause) {
      if (cause instanceof StorageError) return { error: cause, isUndone: false }
      const { isBroken, isUndone } = this.#dialect.judge(cause)
      if (isBroken) this.#connection.forget(database)
      return { error: this.#failure(what, cause), isUndone }
    }
  }

  async #open(): Promise<Database> {
    try {
      const database = await this.#firstThatTakesWrites()
      await this.#prepare(database).catch(async (cause: unknown) => {
        await this.#end(database)
        throw cause
      })
      return database
    } catch (cause) {
      throw this.#failure('open', cause)
    }
  }

  /** Else the first that can be reached: it can be read. */
  async #firstThatTakesWrites(): Promise<Database> {
    let found: Database | undefined
    let failure: unknown
    for (const host of this.#address.hosts) {
      const database = await this.#connect(host).catch((cause: unknown) => void (failure ??= cause))
      if (database?.takesWrites) {
        if (found !== undefined) await this.#end(found)
        return database
      }
      if (found === undefined) found = database ?? undefined
      else if (database) await this.#end(database)
    }
    if (found === undefined) throw failure
    return found
  }

  async #connect(host: Address['hosts'][number]): Promise<Database> {
    const what = `connect to ${host.host}:${host.port} for`
    try {
      return await withDeadline(this.#timeout, this.#named(what), signal =>
        this.#dialect.connect(this.#address, host, signal)
      )
    } catch (cause) {
      throw this.#failure(what, cause)
    }
  }

  async #prepare(database: Database): Promise<void> {
    const look = () =>
      withDeadline(this.#timeout, this.#named('look at'), signal =>
        database.use(signal, session => shapeOf(session, this.#dialect, this.#table))
      )
    const shape = await look()
    const statements = statementsFor(this.#dialect, this.#table, shape)
    if (statements.length === 0) return
    try {
      await withDeadline(alterTimeout, this.#named('complete'), signal =>
        database.use(signal, async session => {
          for (const statement of statements) await session.run(statement)
        })
      )
    } catch (cause) {
      // Another process was quicker, or what was refused is not needed.
      if (!isEnough(await look())) throw cause
    }
  }

  #end(database: Database): Promise<void> {
    return withDeadline(this.#timeout, this.#named('end the connections of'), signal => database.end(signal)).catch(
      () => undefined
    )
  }

  #failure(what: string, cause: unknown): StorageError {
    if (cause instanceof StorageError) return cause
    const { code, reason, retryable } = this.#dialect.judge(cause)
    return new StorageError(code, `Cannot ${this.#named(what)}: ${reason}.`, { retryable, cause: bare(cause) })
  }

  #named(what: string): string {
    return `${what} the ${this.#dialect.name} table ${shownName(this.#table)}`
  }
}

// The drivers put the statement and its values into their errors.
function bare(cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause
  const { code, errno, sqlState } = cause as NodeJS.ErrnoException & { sqlState?: string }
  const copy = Object.assign(new Error(`The driver's error ${code ?? errno ?? cause.name}.`), { code, errno, sqlState })
  delete copy.stack
  return copy
}
