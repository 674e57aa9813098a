import type { Delivery } from '../delivery.ts'
import { StorageError } from '../errors.ts'
import { optionsParser } from '../options.ts'
import { encodeLine } from './envelope-line.ts'
import { line } from './file/line.ts'
import { ahead } from './hdfs/ahead.ts'
import { HdfsEntry } from './hdfs/entry.ts'
import { dateFormat } from './hdfs/java-date-format.ts'
import { Layout } from './hdfs/layout.ts'
import type { Row } from './hdfs/lines.ts'
import { nameNodesIn } from './hdfs/name-nodes.ts'
import { newestVersions } from './hdfs/newest-versions.ts'
import { Reading } from './hdfs/reading.ts'
import type { RedirectPolicy } from './hdfs/redirect-policy.ts'
import { type HdfsReport, reportOf } from './hdfs/report.ts'
import { Session } from './hdfs/session.ts'
import { type DataFile, filesOf, survey } from './hdfs/survey.ts'
import { tidy } from './hdfs/tidying.ts'
import { WebHdfs, type WebHdfsOptions } from './hdfs/web-hdfs.ts'
import { oneByOne } from './one-by-one.ts'
import { Connection } from './remote/connection.ts'
import { GroupedAppends } from './remote/grouped-appends.ts'
import type { Entry, ReadOptions, Storage } from './storage.ts'

export type { HdfsReport } from './hdfs/report.ts'

export interface HdfsStorageOptions {
  /**
   * The NameNode, or several of a pair for high availability, separated by commas: `hdfs://host:8020`, whose WebHDFS is asked on
   * `httpPort`; `webhdfs://host:9870`, `swebhdfs://host:9871`; `http://host:9870` or `https:`, also that of HttpFS.
   */
  namenode: string
  /** The port of WebHDFS on NameNodes that are given as `hdfs://`: 9870 with Hadoop 3, 50070 with Hadoop 2. @default 9870 */
  httpPort?: number
  /** Who the files belong to, where HDFS takes our word for it. Without it HDFS says `dr.who`, and HttpFS refuses. */
  user?: string
  /** A delegation token, where HDFS asks for Kerberos. It is sent to the NameNode only. */
  token?: string
  /** The folder. It is made when missing. */
  path: string
  /** A folder within `path`, so that several streams can share one. Letters, digits, `_`, `.` and `-`. @default record */
  table?: string
  /** The folders within `table`, as a Java date pattern, in this machine's time zone. @default yyyy-MM-dd */
  format?: string
  /** For one call, both steps of a write included. In milliseconds. @default 10_000 */
  timeout?: number
  /** What a replay has claimed is another one's so long after it died. In milliseconds. @default 60_000 */
  lease?: number
  /** Hosts to which the NameNode may redirect, `*.` at the front for any part of a name. @default all but link-local addresses */
  hosts?: readonly string[]
}

const name = '[A-Za-z0-9][A-Za-z0-9_.@=+-]{0,127}'
const letters = 'letters, digits, _, ., @, =, + and -, a letter or digit first'

export const hdfsStorageSchema = {
  type: 'object',
  properties: {
    namenode: { type: 'string', minLength: 1 },
    httpPort: { type: 'integer', minimum: 1, maximum: 65_535, default: 9870 },
    user: {
      type: 'string',
      pattern: '^[A-Za-z_][A-Za-z0-9._-]{0,127}[$]?$',
      form: 'a name of letters, digits, _, . and -'
    },
    token: { type: 'string', minLength: 1, secret: true },
    path: {
      type: 'string',
      pattern: `^(?:/${name})+/?$`,
      form: `a path from the root on, as /data/failover is, its names of ${letters}`
    },
    table: { type: 'string', pattern: `^${name}$`, form: `a name of ${letters}`, default: 'record' },
    format: { type: 'string', minLength: 1, default: 'yyyy-MM-dd' },
    timeout: { type: 'integer', minimum: 1, maximum: 2_147_483_647, default: 10_000, unit: 'ms' },
    lease: { type: 'integer', minimum: 1_000, maximum: 86_400_000, default: 60_000, unit: 'ms' },
    hosts: { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 }
  },
  required: ['namenode', 'path'],
  additionalProperties: false
} as const

type Complete = HdfsStorageOptions &
  Required<Pick<HdfsStorageOptions, 'httpPort' | 'table' | 'format' | 'timeout' | 'lease'>>

const parseOptions = optionsParser<Complete>('failover', hdfsStorageSchema)
const mostRows = 10_000
const mostBytes = 8 * 1024 * 1024
// What comes while a file is written goes into the next one: HDFS wants few and large files.
const writesAtOnce = 1
// Files that are being fetched, or wait, while one is given. More were slower: what waits for long is in no cache of the
// processor any more. One who claims leaves the others something.
const filesAhead = 4
const claimedAhead = 2
const bytesAhead = 16 * 1024 * 1024

/**
 * Keeps deliveries in HDFS, by WebHDFS: a file for each group that is appended, in folders by date. Nothing is touched before
 * the first use, or `open()`.
 *
 * Any number of processes may write, read and replay at once. Replays share the files: one that another has claimed is passed
 * over until it is settled, given back, or its reader is dead for longer than `lease`.
 *
 * Throws `SPW_ERR_OPTIONS`.
 */
export class HdfsStorage implements Storage {
  readonly durable = true
  readonly #place: object
  readonly #web: WebHdfsOptions
  readonly #layout: Layout
  readonly #connection: Connection<Session>
  readonly #appends: GroupedAppends<Row>
  #policy: RedirectPolicy

  constructor(options: HdfsStorageOptions) {
    const { namenode, httpPort, user, token, path, table, format, timeout, lease, hosts } = parseOptions(options)
    this.#place = { storage: 'hdfs', namenode, path, table }
    this.#layout = new Layout(`${path.replace(/\/$/, '')}/${table}`, dateFormat(format))
    this.#web = { nameNodes: nameNodesIn(namenode, httpPort), user, token, timeout }
    this.#policy = { hosts }
    this.#connection = new Connection({
      name: `hdfs ${this.#layout.root}`,
      open: async () => {
        tellOfRpcAddress(this.#web)
        return new Session(new WebHdfs({ ...this.#web, ...this.#policy }), this.#layout, lease)
      },
      close: session => session.close()
    })
    this.#appends = new GroupedAppends({
      encode,
      write: rows => this.#connection.use(({ writer }) => writer.write(rows)),
      bytesOf: ({ bytes }) => bytes,
      mostRows,
      mostBytes,
      atOnce: writesAtOnce
    })
  }

  /** With another way to the DataNodes than the addresses that the NameNode gives. @internal */
  static routed(route: NonNullable<RedirectPolicy['route']>, options: HdfsStorageOptions): HdfsStorage {
    const storage = new HdfsStorage(options)
    storage.#policy = { ...storage.#policy, route }
    return storage
  }

  /** The options that say where it stores. @internal */
  get place(): object {
    return this.#place
  }

  /** Looks whether a NameNode answers. */
  async open(): Promise<void> {
    await this.#connection.use(({ fs, layout }) => fs.status(layout.root, 'brief'))
  }

  append(deliveries: readonly Delivery[]): Promise<void> {
    return this.#appends.append(deliveries)
  }

  read(options: ReadOptions = {}): AsyncIterableIterator<Entry> {
    return oneByOne(this.#groups(options))
  }

  async remove(entries: readonly Entry[]): Promise<void> {
    const positions = entries.map(entry => HdfsEntry.positionOf(entry)).filter(position => position !== undefined)
    if (positions.length > 0) await this.#connection.use(session => session.remove(positions))
  }

  /** Reads all that is there, checks it, and says how it is. */
  async report(): Promise<HdfsReport> {
    return this.#connection.use(session => reportOf(session, this.read()))
  }

  async close(): Promise<void> {
    await this.#appends.idle()
    await this.#connection.close()
  }

  async *#groups(options: ReadOptions): AsyncGenerator<Iterable<Entry>> {
    const { reading, files } = await this.#connection.use(session => begin(session, options))
    const opened = ahead(files, {
      start: file => reading.open(file),
      drop: async file => file && reading.leave(file),
      sizeOf: ({ length }) => length,
      most: options.claim === true ? claimedAhead : filesAhead,
      mostBytes: bytesAhead
    })
    for await (const file of opened) {
      if (file === undefined) continue
      try {
        // Fetching a file takes several turns of the event loop, from which a consumer without a pause would keep it.
        await new Promise(resolve => setImmediate(resolve))
        yield* reading.entriesIn(file)
      } finally {
        await reading.leave(file)
      }
      if (reading.isAborted) return
    }
  }
}

async function begin(
  session: Session,
  options: ReadOptions
): Promise<{ reading: Reading; files: AsyncIterable<DataFile> }> {
  const { fs, layout, removals, claims } = session
  const isClaiming = options.claim === true
  if (isClaiming) {
    await claims.begin()
    await removals.refresh()
  }
  // Only what was known before the survey can be found to be gone by it.
  const known = removals.known
  const found = await survey(fs, layout.root, known)
  const gone = [...known].filter(file => !found.present.has(file))
  if (isClaiming) await tidy(session, found, gone)
  else removals.forgetHere(gone)
  await removals.refresh()
  return { reading: new Reading(session, await newestVersions(session, found), options), files: filesOf(fs, found) }
}

function encode(delivery: Delivery): Row {
  const text = encoded(delivery)
  const bytes = Buffer.byteLength(text)
  if (bytes > line.longest) throw refused(delivery)
  return { text, bytes, version: delivery.version + 1 }
}

function encoded(delivery: Delivery): string {
  try {
    return encodeLine(delivery)
  } catch (cause) {
    throw refused(delivery, cause)
  }
}

function refused({ id }: Delivery, cause?: unknown): StorageError {
  const message = `The storage hdfs cannot take delivery ${id}: it has more than ${line.longest} bytes, or is no text.`
  return new StorageError('SPW_ERR_STORAGE_REFUSED', message, { retryable: false, cause })
}

const told = new Set<string>()

function tellOfRpcAddress({ nameNodes }: WebHdfsOptions): void {
  for (const { rpc, name } of nameNodes) {
    if (rpc === undefined || told.has(rpc)) continue
    told.add(rpc)
    process.emitWarning(
      `failover/namenode ${rpc} is an RPC address: WebHDFS is asked at http://${name} instead. Say webhdfs://${name}, or set httpPort.`,
      { type: 'SpillwayWarning', code: 'spillway:hdfs-namenode' }
    )
  }
}
