import { StorageError } from '../../errors.ts'
import type { Dialect, Session, Statement } from './dialect.ts'

/** A table's name as it was configured, and the schema before it, if there is one. */
export interface TableName {
  readonly schema: string | undefined
  readonly name: string
}

/** A table as it is: without columns when it is not there. */
export interface Shape {
  /** Each with its type in lower case. */
  readonly columns: ReadonlyMap<string, string>
  /** Whether `id` is unique. */
  readonly isUnique: boolean
  /** Whether two ids are one only when they are the same. */
  readonly isExact: boolean
}

const ownKeys = new Set(['id', 'position'])

const numbers = /int|numeric|decimal/
const texts = /char|text/

/** All columns, each with what its type must look like. */
const columnTypes: Readonly<Record<string, RegExp>> = {
  position: numbers,
  id: texts,
  version: numbers,
  values: texts,
  timestamp: numbers,
  attempts: numbers,
  outcome: texts,
  code: texts,
  status: numbers,
  request: texts,
  claimed_by: texts,
  claimed_until: numbers
}

/** The name as it stands in a statement. */
export const quotedName = ({ quoted }: Dialect, { schema, name }: TableName): string =>
  schema === undefined ? quoted(name) : `${quoted(schema)}.${quoted(name)}`

export const shownName = ({ schema, name }: TableName): string => (schema === undefined ? name : `${schema}.${name}`)

/** How the table is. Rejects when nothing can be written to it as it is. */
export async function shapeOf(session: Session, dialect: Dialect, table: TableName): Promise<Shape> {
  const { rows } = await session.run(dialect.columns(table))
  const columns = new Map(rows.map(([column, type]) => [String(column), String(type).trim().toLowerCase()]))
  checkTypes(table, columns)
  await checkEngine(session, dialect, table)
  const keys = (await session.run(dialect.uniqueKeys(table))).rows.map(([key]) => String(key))
  const other = keys.find(key => !ownKeys.has(key))
  if (dialect.hidesConflicts && other !== undefined) {
    throw unusable(table, `has a unique key over (${other}), by which entries would be taken for others: drop it`)
  }
  return { columns, isUnique: keys.includes('id'), isExact: dialect.isExact(columns.get('id') ?? '') }
}

/**
 * The statements that make the table, or what is missing in it: one of StreamPark's has the columns `values` and `timestamp`
 * only.
 */
export function statementsFor(dialect: Dialect, table: TableName, shape: Shape): readonly Statement[] {
  const name = quotedName(dialect, table)
  return shape.columns.size === 0 ? [dialect.create(name)] : dialect.complete(name, shape)
}

/** Whether nothing is missing that is needed. A column may be narrower than it could be. */
export const isEnough = ({ columns, isUnique, isExact }: Shape): boolean =>
  isUnique && isExact && Object.keys(columnTypes).every(column => columns.has(column))

// Nothing is locked in it: two readers would claim the same row. Nor does it survive a crash.
async function checkEngine(session: Session, dialect: Dialect, table: TableName): Promise<void> {
  const statement = dialect.engineWithoutTransactions?.(table)
  if (statement === undefined) return
  const [row] = (await session.run(statement)).rows
  if (row === undefined) return
  throw unusable(table, `has the engine ${String(row[0])}, which has no transactions: make it InnoDB`)
}

function checkTypes(table: TableName, columns: Shape['columns']): void {
  for (const [column, type] of columns) {
    const expected = Object.hasOwn(columnTypes, column) ? columnTypes[column]! : /^/
    if (expected.test(type)) continue
    const kind = expected === numbers ? 'an integer' : 'a text'
    throw unusable(table, `has the column ${JSON.stringify(column)}, which must be ${kind}, got ${type}`)
  }
}

const unusable = (table: TableName, sentence: string): StorageError =>
  new StorageError('SPW_ERR_STORAGE', `The table ${shownName(table)} ${sentence}.`, { retryable: false })
