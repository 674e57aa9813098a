import { userInfo } from 'node:os'
import { setTimeout as paused } from 'node:timers/promises'
import type { Delivery } from '../delivery.ts'
import { OptionsError, StorageError } from '../errors.ts'
import { withUrlText } from '../http/url-text.ts'
import { optionsParser } from '../options.ts'
import { Claims } from './hbase/claims.ts'
import { nextTime } from './hbase/clock.ts'
import { type EntryRow, entryRowOf, putOf } from './hbase/entry-row.ts'
import { HBaseEntry } from './hbase/entry.ts'
import { quorumOf } from './hbase/quorum.ts'
import { Readers } from './hbase/readers.ts'
import { entriesOf } from './hbase/reading.ts'
import { noteStrays } from './hbase/strays.ts'
import type { Table } from './hbase/table.ts'
import type { Address } from './hbase/zookeeper.ts'
import { closedError } from './remote/closed-error.ts'
import { Connection } from './remote/connection.ts'
import { loadDriver } from './remote/driver.ts'
import { GroupedAppends } from './remote/grouped-appends.ts'
import type { Entry, ReadOptions, Storage } from './storage.ts'

export interface HBaseStorageOptions {
  /**
   * The table, `record` or `namespace:record`. Of `database.record` only what is behind the last dot counts, as with StreamPark.
   * It is made when missing, with the family `cf`.
   */
  table: string
  /** The ZooKeeper servers of the HBase: hosts between commas, each with a port of its own, `zk1:2181` or `zk1 2181`, or without. */
  'zookeeper.quorum'?: string
  /** The port of those without one. @default 2181 */
  'zookeeper.property.clientPort'?: number
  /** The node of the HBase in ZooKeeper. @default '/hbase' */
  'zookeeper.znode.parent'?: string
  /** An HBase REST server, `http://host:8080`, which is then used instead of HBase's own protocol and ZooKeeper. */
  'rest.url'?: string | URL
  /** Who we are to HBase, where it does not ask for Kerberos. @default the user of this process */
  user?: string
  /** Milliseconds for each call, its repetitions within it counted in. @default 10_000 */
  timeout?: number
  /** Milliseconds after which the claims of a reader that died are free for others. @default 60_000 */
  lease?: number
}

const name = '[A-Za-z0-9_][A-Za-z0-9_-]*'

export const hbaseStorageSchema = {
  type: 'object',
  properties: {
    table: {
      type: 'string',
      pattern: `^(?:[A-Za-z0-9_]+:)?(?:${name}\\.)*${name}$`,
      form: 'a table, record or namespace:record, of letters, digits, _, - and dots between',
      maxLength: 255
    },
    'zookeeper.quorum': { type: 'string', minLength: 1 },
    'zookeeper.property.clientPort': { type: 'integer', minimum: 1, maximum: 65_535, default: 2181 },
    'zookeeper.znode.parent': {
      type: 'string',
      pattern: '^(?:/[^/\\s]+)+$',
      form: 'a path as /hbase is',
      default: '/hbase'
    },
    'rest.url': {
      type: 'string',
      pattern: '^https?://[^@\\s?#]+$',
      form: 'a URL as http://host:8080 is',
      secret: true
    },
    user: { type: 'string', pattern: '^[^\\s]{1,128}$', form: 'a name without spaces, of 1 to 128 characters' },
    timeout: { type: 'integer', minimum: 1, maximum: 2_147_483_647, default: 10_000, unit: 'ms' },
    lease: { type: 'integer', minimum: 1_000, maximum: 86_400_000, default: 60_000, unit: 'ms' }
  },
  required: ['table'],
  additionalProperties: false
} as const

type Options = HBaseStorageOptions & {
  'rest.url'?: string
  'zookeeper.property.clientPort': number
  'zookeeper.znode.parent': string
  timeout: number
  lease: number
}

/** What `report()` gives. */
export interface HBaseReport {
  readonly entries: number
  /** Those of them that StreamPark, or somebody else, has written. */
  readonly foreign: number
}

/** The table, and the claims in it, of a storage that is open. */
interface Opened {
  readonly table: Table
  readonly readers: Readers
  readonly claims: Claims
}

const parseOptions = optionsParser<Options>('failover', hbaseStorageSchema)
// A request must stay below what a server takes, 256 MB if nobody has configured another limit.
const largest = 128 * 1024 * 1024
// A timer may come a millisecond too early.
const millisecond = 2

/**
 * Keeps deliveries in a table of HBase: the newest row first, as StreamPark writes them, read from the end.
 *
 * Throws `SPW_ERR_OPTIONS`.
 */
export class HBaseStorage implements Storage {
  readonly durable = true
  readonly #options: Options
  readonly #quorum: readonly Address[]
  readonly #name: string
  readonly #connection: Connection<Opened>
  readonly #appends: GroupedAppends<EntryRow>
  #through: ((address: Address) => Address) | undefined
  #isClosed = false

  constructor(options: HBaseStorageOptions) {
    this.#options = parseOptions(withUrlText(options, 'rest.url'))
    const { table, 'zookeeper.quorum': quorum, 'rest.url': rest } = this.#options
    if (quorum === undefined && rest === undefined) throw new OptionsError('failover/zookeeper.quorum is missing')
    this.#quorum = quorum === undefined ? [] : quorumOf(quorum, this.#options['zookeeper.property.clientPort'])
    this.#name = `hbase table ${table}`
    this.#connection = new Connection({ name: this.#name, open: () => this.#open(), close: closed })
    this.#appends = new GroupedAppends({
      encode: delivery => this.#encode(delivery),
      write: rows => this.#write(rows),
      bytesOf: ({ bytes }) => bytes,
      mostRows: 1_000,
      mostBytes: 8 * 1024 * 1024,
      atOnce: 2
    })
  }

  /** With its servers behind other addresses than those that they tell. @internal */
  static through(through: (address: Address) => Address, options: HBaseStorageOptions): HBaseStorage {
    const storage = new HBaseStorage(options)
    storage.#through = through
    return storage
  }

  /** The options that say where it stores. @internal */
  get place(): object {
    return { storage: 'hbase', ...this.#options }
  }

  async open(): Promise<void> {
    await this.#connection.use(async () => undefined)
  }

  append(deliveries: readonly Delivery[]): Promise<void> {
    if (this.#isClosed) return Promise.reject(closedError(this.#name))
    return this.#appends.append(deliveries)
  }

  read(options: ReadOptions = {}): AsyncGenerator<Entry> {
    return entriesOf(() => this.#connection.use(async opened => opened), options)
  }

  async remove(entries: readonly Entry[]): Promise<void> {
    const removals = entries.flatMap(entry => HBaseEntry.removalsOf(entry))
    await this.#connection.use(async ({ table }) => {
      await table.remove(removals)
      // What is put in the millisecond up to which it was removed would stay hidden.
      await paused(millisecond)
    })
  }

  /** Reads all that is there, and says how much that is. */
  async report(): Promise<HBaseReport> {
    let entries = 0
    let foreign = 0
    for await (const { id } of this.read()) {
      entries++
      if (id.startsWith('hbase-')) foreign++
    }
    return { entries, foreign }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#appends.idle()
    await this.#connection.close()
  }

  async #open(): Promise<Opened> {
    const table = await this.#table()
    try {
      await table.open()
    } catch (error) {
      await table.close()
      throw error
    }
    const readers = new Readers(table, this.#options.lease)
    return { table, readers, claims: new Claims(table, readers) }
  }

  async #table(): Promise<Table> {
    const { table, timeout, user = currentUser(), 'zookeeper.znode.parent': parent, 'rest.url': url } = this.#options
    const [name, namespace = 'default'] = table.split(':').reverse() as [string, string?]
    const tableName = { namespace, qualifier: name.slice(name.lastIndexOf('.') + 1) }
    if (url !== undefined) {
      const { RestTable } = await driver(() => import('./hbase/rest-table.ts'))
      return new RestTable(tableName, { url, timeout })
    }
    const options = { quorum: this.#quorum, parent, user, timeout, through: this.#through }
    const { NativeTable } = await driver(() => import('./hbase/native-table.ts'))
    return new NativeTable(tableName, options)
  }

  #encode(delivery: Delivery): EntryRow {
    const row = entryRowOf(delivery)
    if (row.bytes <= largest) return row
    const message = `The delivery ${delivery.id} has ${row.bytes} bytes; the storage hbase takes ${largest}.`
    throw new StorageError('SPW_ERR_STORAGE_REFUSED', message, { retryable: false })
  }

  async #write(rows: readonly EntryRow[]): Promise<void> {
    await this.#connection.use(async ({ table }) => {
      const appended = nextTime()
      await table.put(rows.map(row => putOf(row, appended)))
      await noteStrays(table, rows)
    })
  }
}

async function closed({ table, readers, claims }: Opened): Promise<void> {
  await claims.released()
  // Where that fails, they are free when the lease is over.
  await readers.end().catch(() => undefined)
  await table.close()
}

const driver = <T>(load: () => Promise<T>): Promise<T> => loadDriver('hbase', '@bufbuild/protobuf', load)

function currentUser(): string {
  try {
    return userInfo().username
  } catch {
    // A user id without a name, as in a container.
    return 'spillway'
  }
}
