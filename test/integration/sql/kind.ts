import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { MysqlStorage } from '../../../lib/storage/mysql-storage.ts'
import { PostgresStorage } from '../../../lib/storage/postgres-storage.ts'
import type { SqlOptions } from '../../../lib/storage/sql/options.ts'
import type { SqlStorage } from '../../../lib/storage/sql/sql-storage.ts'
import { mariadb } from '../../support/servers/mariadb-server.ts'
import { postgresql } from '../../support/servers/postgres-server.ts'
import type { Service } from '../../support/servers/service.ts'

/** A connection of the test's own. */
export interface Admin {
  run(text: string, ...values: unknown[]): Promise<Array<Record<string, unknown>>>
  close(): Promise<void>
}

/** What differs between the two when they are tested. */
export interface SqlKind {
  readonly name: 'mysql' | 'postgres'
  readonly service: Service
  readonly user: string
  /** A type of texts that are the same when they differ in case only, and what makes it. */
  readonly caseless: { readonly before: readonly string[]; readonly type: string }
  /** As in StreamPark. */
  readonly streamParkColumns: string
  quoted(name: string): string
  url(address: string, parameters?: string): string
  create(options: SqlOptions): SqlStorage
  admin(address: string, user?: string): Promise<Admin>
  /** Makes a user with these rights on the database, and gives their name and password. */
  makeUser(admin: Admin, name: string, rights: string): Promise<void>
  dropUser(admin: Admin, name: string): Promise<void>
  /** Ends the connections that touch no table of ours at the moment too. */
  killOthers(admin: Admin, user: string): Promise<void>
}

export const mysqlKind: SqlKind = {
  name: 'mysql',
  service: mariadb,
  user: 'root',
  caseless: { before: [], type: 'varchar(255)' },
  streamParkColumns: '`values` text, `timestamp` bigint',
  quoted: name => `\`${name}\``,
  url: (address, parameters = '') => `jdbc:mysql://${address}/test${parameters}`,
  create: options => new MysqlStorage(options),
  async admin(address, user = 'root') {
    const [host, port] = address.split(':') as [string, string]
    const connection = await createConnection({ host, port: Number(port), user, database: 'test', charset: 'utf8mb4' })
    connection.on('error', () => undefined)
    return {
      run: async (text, ...values) => (await connection.query(text, values))[0] as never,
      close: () => connection.end()
    }
  },
  async makeUser(admin, name, rights) {
    await admin.run(`create user '${name}'@'%' identified by 'pass word'`)
    await admin.run(`grant ${rights} on test.* to '${name}'@'%'`)
  },
  dropUser: async (admin, name) => void (await admin.run(`drop user '${name}'@'%'`)),
  async killOthers(admin, user) {
    const others = await admin.run(
      'select id from information_schema.processlist where user = ? and id <> connection_id()',
      user
    )
    for (const { id, ID = id } of others) await admin.run(`kill ${String(ID)}`).catch(() => undefined)
  }
}

export const postgresKind: SqlKind = {
  name: 'postgres',
  service: postgresql,
  user: 'postgres',
  caseless: {
    before: [
      "create collation if not exists spillway_caseless (provider = icu, locale = 'und-u-ks-level1', deterministic = false)"
    ],
    type: 'text collate spillway_caseless'
  },
  streamParkColumns: '"values" text, "timestamp" bigint',
  quoted: name => `"${name}"`,
  url: (address, parameters = '') => `jdbc:postgresql://${address}/test${parameters}`,
  create: options => new PostgresStorage(options),
  async admin(address, user = 'postgres') {
    const [host, port] = address.split(':') as [string, string]
    const client = new pg.Client({ host, port: Number(port), user, database: 'test' })
    client.on('error', () => undefined)
    await client.connect()
    return {
      async run(text, ...values) {
        let nth = 0
        return (
          await client.query(
            text.replace(/\?/g, () => `$${++nth}`),
            values
          )
        ).rows as never
      },
      close: () => client.end()
    }
  },
  async makeUser(admin, name, rights) {
    await admin.run(`create role ${name} login password 'pass word'`)
    if (rights.includes('create')) await admin.run(`grant create on schema public to ${name}`)
    const others = rights.replace(/, create|create, |create|, alter/g, '')
    if (others !== '') await admin.run(`grant ${others} on all tables in schema public to ${name}`)
  },
  async dropUser(admin, name) {
    await admin.run(`drop owned by ${name}`)
    await admin.run(`drop role ${name}`)
  },
  killOthers: async (admin, user) =>
    void (await admin.run(
      'select pg_terminate_backend(pid) from pg_stat_activity where usename = ? and pid <> pg_backend_pid()',
      user
    ))
}
