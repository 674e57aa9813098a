import { optionsParser } from '../options.ts'
import { postgres } from './postgres/dialect.ts'
import { type CompleteSqlOptions, type SqlOptions, sqlProperties } from './sql/options.ts'
import { SqlStorage } from './sql/sql-storage.ts'

/** The options of `PostgresStorage`. Before a dot in `table` stands its schema. */
export type PostgresStorageOptions = SqlOptions

export const postgresStorageSchema = {
  type: 'object',
  properties: sqlProperties,
  required: ['jdbcUrl', 'table'],
  additionalProperties: false
} as const

const parseOptions = optionsParser<CompleteSqlOptions>('failover', postgresStorageSchema)

/**
 * Keeps deliveries in a table of PostgreSQL (11 or later), by the driver pg. A table with the columns of StreamPark's is taken
 * over: its rows are read and replayed too. Throws `SPW_ERR_OPTIONS`.
 */
export class PostgresStorage extends SqlStorage {
  constructor(options: PostgresStorageOptions) {
    const complete = parseOptions(options)
    const parts = complete.table.split('.')
    super(postgres, complete, { schema: parts.at(-2), name: parts.at(-1)! })
  }
}
