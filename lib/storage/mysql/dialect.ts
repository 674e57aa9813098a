import { type Row, writtenColumns } from '../sql/row.ts'
import type { Cell, Dialect, Statement } from '../sql/dialect.ts'
import type { Shape, TableName } from '../sql/table.ts'
import { connect } from './database.ts'
import { judge } from './judge.ts'
import { mysqlParameters } from './parameters.ts'

// In bytes, so that two ids are one only when they are the same.
const text = (type: string): string => `${type} character set utf8mb4 collate utf8mb4_bin`

const columns: Readonly<Record<string, string>> = {
  position: 'bigint not null auto_increment unique',
  id: text('varchar(255)'),
  version: 'int',
  values: text('longtext'),
  timestamp: 'bigint',
  attempts: 'int',
  outcome: text('varchar(16)'),
  code: text('varchar(64)'),
  status: 'int',
  request: text('longtext'),
  claimed_by: text('varchar(32)'),
  claimed_until: 'bigint'
}

const quoted = (name: string): string => `\`${name}\``
const defined = (name: string): string => `${quoted(name)} ${columns[name]!}`
const key = 'unique key spillway_id (id)'

/** MySQL from 8.0 and MariaDB from 10.6 on. */
export const mysql: Dialect = {
  name: 'mysql',
  kinds: ['mysql', 'mariadb'],
  port: 3306,
  parameters: mysqlParameters,
  drivers: /^(com\.mysql|org\.mariadb)\./,
  example: 'jdbc:mysql://host:3306/database',
  now: 'cast(unix_timestamp(now(3)) * 1000 as signed)',
  begin: 'start transaction',
  bound: () => '?',
  quoted,
  joined: (...expressions) => `concat(${expressions.join(', ')})`,
  isOneOf: (expression, bound) => `${expression} in (${bound})`,
  ofTable: () => '',
  connect,
  columns: table =>
    schemaQuery(
      "select column_name, concat_ws(' ', column_type, character_set_name, collation_name) from information_schema.columns",
      table
    ),
  uniqueKeys: table =>
    schemaQuery(
      "select group_concat(lower(column_name), coalesce(concat('(', sub_part, ')'), '') order by seq_in_index) from information_schema.statistics",
      table,
      'and non_unique = 0 group by index_name'
    ),
  engineWithoutTransactions: table =>
    schemaQuery(
      'select t.engine from information_schema.tables t join information_schema.engines e on e.engine = t.engine',
      table,
      "and e.transactions <> 'YES'"
    ),
  hidesConflicts: true,
  isExact: type => type.endsWith('_bin'),
  create: table => ({
    text: `create table if not exists ${table} (${[...Object.keys(columns).map(defined), key].join(', ')}) engine = InnoDB character set utf8mb4`,
    values: []
  }),
  complete,
  insert,
  judge
}

function schemaQuery(select: string, { name }: TableName, rest = ''): Statement {
  return { text: `${select} where table_schema = database() and table_name = ? ${rest}`, values: [name] }
}

function complete(table: string, { columns: there, isUnique, isExact }: Shape): Statement[] {
  const changes = Object.keys(columns)
    .filter(name => !there.has(name))
    .map(name => `add column ${defined(name)}`)
  if (there.has('id') && !isExact) changes.push(`modify column ${defined('id')}`)
  if (!isUnique) changes.push(`add ${key}`)
  const values = there.get('values')
  if (values !== undefined && !values.startsWith('longtext utf8mb4 ')) {
    changes.push(`modify column ${defined('values')}`)
  }
  return changes.length === 0 ? [] : [{ text: `alter table ${table} ${changes.join(', ')}`, values: [] }]
}

const names = writtenColumns.map(quoted).join(', ')
// In this order: each sees what those before it have set.
const changed = [
  ...writtenColumns.filter(name => name !== 'version' && name !== 'id'),
  'claimed_by',
  'claimed_until',
  'version'
]
const changes = changed.map(
  name => `${quoted(name)} = if(version < values(version), values(${quoted(name)}), ${quoted(name)})`
)
const mostRows = 1_000
const tuple = `(${writtenColumns.map(() => '?').join(', ')})`

/**
 * One prepared statement for each of a few numbers of rows, filled up with copies of the smallest row, which change nothing: a
 * statement of its own for each number would be prepared again and again, and one that is not prepared takes twice the time.
 */
function insert(table: string, rows: readonly Row[], mostBytes: number): Statement {
  const full = filledUp(rows, mostBytes)
  const values: Cell[] = []
  for (const { cells } of full) values.push(...cells)
  return { text: insertText(table, full.length), values, isPrepared: true }
}

// Those of the usual numbers of rows are kept: mysql2 looks a prepared statement up by its text, and finds the same one at once.
const insertTexts = new Map<string, string>()

function insertText(table: string, rows: number): string {
  const key = `${rows} ${table}`
  const known = insertTexts.get(key)
  if (known !== undefined) return known
  const tuples = Array<string>(rows).fill(tuple).join(', ')
  const text = `insert into ${table} (${names}) values ${tuples} on duplicate key update ${changes.join(', ')}`
  if (rows === mostRows || Number.isInteger(Math.log2(rows))) insertTexts.set(key, text)
  return text
}

function filledUp(rows: readonly Row[], mostBytes: number): readonly Row[] {
  const size = Math.min(2 ** Math.ceil(Math.log2(rows.length)), mostRows)
  if (size <= rows.length) return rows
  const smallest = rows.reduce((a, b) => (b.bytes < a.bytes ? b : a))
  const added = Array<Row>(size - rows.length).fill(smallest)
  const bytes = rows.reduce((sum, row) => sum + row.bytes, added.length * smallest.bytes)
  return bytes > mostBytes ? rows : [...rows, ...added]
}
