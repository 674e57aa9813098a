import { randomBytes } from 'node:crypto'
import type { SqlOptions } from '../../../lib/storage/sql/options.ts'
import type { SqlStorage } from '../../../lib/storage/sql/sql-storage.ts'
import { Proxy, type Toxics } from '../../support/proxy.ts'
import type { Admin, SqlKind } from './kind.ts'

/** Tables, storages, users and proxies of a test, which are gone after it. Called within a suite. */
export class Workshop {
  readonly kind: SqlKind
  readonly #address: () => string
  #admin: Admin | undefined
  #tables: string[] = []
  #users: string[] = []
  readonly #closing: Array<() => Promise<unknown>> = []

  constructor(kind: SqlKind, address: () => string) {
    this.kind = kind
    this.#address = address
    afterEach(() => this.#clean())
  }

  get address(): string {
    return this.#address()
  }

  /** The name of a table that is not there yet. */
  newTable(): string {
    const name = `spw_${randomBytes(6).toString('hex')}`
    this.#tables.push(name)
    return name
  }

  storage(options: Partial<SqlOptions> & { table: string }): SqlStorage {
    const { kind } = this
    const storage = kind.create({ jdbcUrl: kind.url(this.address), username: kind.user, timeout: 8_000, ...options })
    this.#closing.push(() => storage.close())
    return storage
  }

  async admin(): Promise<Admin> {
    this.#admin ??= await this.kind.admin(this.address)
    return this.#admin
  }

  /** Runs one statement. */
  async run(text: string, ...values: unknown[]): Promise<Array<Record<string, unknown>>> {
    return (await this.admin()).run(text, ...values)
  }

  async user(rights: string): Promise<{ username: string; password: string }> {
    const name = `spw_${randomBytes(6).toString('hex')}`
    await this.kind.makeUser(await this.admin(), name, rights)
    this.#users.push(name)
    return { username: name, password: 'pass word' }
  }

  async proxy(toxics: Toxics = {}): Promise<Proxy> {
    const proxy = await new Proxy(Number(this.address.split(':')[1]), toxics).listen()
    this.#closing.push(() => proxy.close())
    return proxy
  }

  async #clean(): Promise<void> {
    for (const close of this.#closing.splice(0)) await close()
    const admin = await this.admin()
    for (const table of this.#tables.splice(0)) {
      await admin.run(`drop table if exists ${this.kind.quoted(table)}`).catch(() => undefined)
    }
    for (const user of this.#users.splice(0)) await this.kind.dropUser(admin, user)
    await admin.close()
    this.#admin = undefined
  }
}
