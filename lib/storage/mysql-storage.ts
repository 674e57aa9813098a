import { optionsParser } from '../options.ts'
import { mysql } from './mysql/dialect.ts'
import { type CompleteSqlOptions, type SqlOptions, sqlProperties } from './sql/options.ts'
import { SqlStorage } from './sql/sql-storage.ts'

/** The options of `MysqlStorage`. Of a `table` with a dot the part after it is meant, as StreamPark has it. */
export type MysqlStorageOptions = SqlOptions

export const mysqlStorageSchema = {
  type: 'object',
  properties: sqlProperties,
  required: ['jdbcUrl', 'table'],
  additionalProperties: false
} as const

const parseOptions = optionsParser<CompleteSqlOptions>('failover', mysqlStorageSchema)

/**
 * Keeps deliveries in a table of MySQL (8.0 or later) or MariaDB (10.6 or later), by the driver mysql2. A table of StreamPark's
 * is taken over: its rows are read and replayed too. Throws `SPW_ERR_OPTIONS`.
 */
export class MysqlStorage extends SqlStorage {
  constructor(options: MysqlStorageOptions) {
    const complete = parseOptions(options)
    super(mysql, complete, { schema: undefined, name: complete.table.split('.').at(-1)! })
  }
}
