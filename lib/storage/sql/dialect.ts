import type { StorageErrorCode } from '../../errors.ts'
import type { Address, Kind } from './options.ts'
import type { Row } from './row.ts'
import type { Shape, TableName } from './table.ts'

/** A statement and the values that are bound in it, in their order. */
export interface Statement {
  readonly text: string
  readonly values: readonly unknown[]
  /** It comes again with the same text: it is prepared once for each connection. */
  readonly isPrepared?: boolean
}

export type Cell = string | number | null

export interface Result {
  readonly rows: ReadonlyArray<readonly Cell[]>
}

/** A connection that nobody else uses meanwhile. */
export interface Session {
  run(statement: Statement): Promise<Result>
}

/** A server that was reached, with a pool of connections to it. */
export interface Database {
  /** Whether it took writes when it was opened. */
  readonly takesWrites: boolean
  /** A row of more bytes cannot be sent, nor several rows of more together. */
  readonly mostBytes: number
  /** Runs `work` on a connection, which is cut when the signal aborts. */
  use<R>(signal: AbortSignal, work: (session: Session) => Promise<R>): Promise<R>
  /** Ends the connections when those that are in use are given back; cuts them when the signal aborts. */
  end(signal: AbortSignal): Promise<void>
}

/** What an error of the driver means. */
export interface Verdict {
  readonly code: StorageErrorCode
  readonly retryable: boolean
  /** Why, without a value of a record in it. */
  readonly reason: string
  /** The next use must open the database anew: it is gone, takes no writes, or the table is not what it was. */
  readonly isBroken: boolean
  /** The server has undone the statement for the sake of another one: it can be repeated at once. */
  readonly isUndone: boolean
}

/** What differs between the databases. */
export interface Dialect extends Kind {
  /** Milliseconds since 1970 by the server's clock, as an expression. */
  readonly now: string
  /** Begins a transaction that sees what others have committed before each statement. */
  readonly begin: string
  /** `$1` or `?`, for the value that is bound as the nth. */
  readonly bound: (nth: number) => string
  readonly quoted: (name: string) => string
  /** Texts one after another; null when one of them is. */
  readonly joined: (...expressions: readonly string[]) => string
  /** Whether the expression is one of the values of a list that is bound. */
  readonly isOneOf: (expression: string, bound: string) => string
  /** Says that a lock is meant for rows of that name only, where that can be said. */
  readonly ofTable: (name: string) => string
  /** Connects to one host. */
  connect(address: Address, host: Address['hosts'][number], signal: AbortSignal): Promise<Database>
  /** The columns of the table and their types, as they are. */
  columns(table: TableName): Statement
  /** The columns of each unique key, joined by commas in the order of the key; with its length where one is not all in it. */
  uniqueKeys(table: TableName): Statement
  /** Gives the engine of a table that has no transactions, where a table can be such a one. */
  engineWithoutTransactions?(table: TableName): Statement
  /** Whether `insert` takes a row for that of any unique key, not only of `id`. */
  readonly hidesConflicts: boolean
  /** Whether two texts of a column of this type are one only when they are the same. */
  readonly isExact: (type: string) => boolean
  /** Makes the table. */
  create(table: string): Statement
  /** Adds what is missing, and makes what is there large enough. None when nothing is to be done. */
  complete(table: string, shape: Shape): readonly Statement[]
  /**
   * Puts each row in the place of an older version; leaves it out where this or a newer one is. No id comes twice, and the rows
   * have no more than `mostBytes` together; nor has the statement.
   */
  insert(table: string, rows: readonly Row[], mostBytes: number): Statement
  judge(cause: unknown): Verdict
}
