import { createConnection, type Connection } from 'mysql2/promise'
import type { Delivery } from '../../../lib/delivery.ts'
import { rowOf, writtenColumns } from '../../../lib/storage/sql/row.ts'
import { mariadb } from '../../support/servers/mariadb-server.ts'
import type { BareDriver, StorageBench } from './storage-bench.ts'

const names = writtenColumns.map(name => `\`${name}\``).join(', ')
const tuple = `(${writtenColumns.map(() => '?').join(', ')})`

/** Prepared inserts of many rows, and one result of all rows as arrays. */
export const mysqlBench: StorageBench = {
  failsOverQuickly: true,
  service: mariadb,
  options: (address, table) => ({
    storage: 'mysql',
    jdbcUrl: `jdbc:mysql://${address}/test`,
    username: 'root',
    table
  }),
  async bare(address, table) {
    const [host, port] = address.split(':') as [string, string]
    const options = { host, port: Number(port), user: 'root', database: 'test', rowsAsArray: true }
    const connections = await Promise.all([createConnection(options), createConnection(options)])
    await connections[0].query(`create table \`${table}\` (position bigint auto_increment primary key,
      id varchar(255) collate utf8mb4_bin, version int, \`values\` longtext, \`timestamp\` bigint, attempts int,
      outcome varchar(16), code varchar(64), status int, request longtext, unique (id, version)) character set utf8mb4`)
    return bareDriver(table, connections)
  }
}

function bareDriver(table: string, connections: readonly Connection[]): BareDriver<unknown[][]> {
  let turn = 0
  return {
    prepared: (deliveries: readonly Delivery[]) => deliveries.map(delivery => [...rowOf(delivery).cells]),
    async append(rows) {
      const tuples = Array(rows.length).fill(tuple).join(', ')
      const text = `insert into \`${table}\` (${names}) values ${tuples} on duplicate key update id = id`
      await connections[turn++ % connections.length]!.execute(text, rows.flat() as never)
    },
    async read() {
      const [rows] = await connections[0]!.query(`select * from \`${table}\``)
      return (rows as unknown[]).length
    },
    async close() {
      await connections[0]!.query(`drop table \`${table}\``)
      for (const connection of connections) await connection.end()
    }
  }
}
