// Checked by `npm run types`: each line that must not compile says so, and fails if it does.
import {
  type FailoverOptions,
  FailoverWritable,
  FileStorage,
  type FileStorageOptions,
  HttpSink,
  httpSink,
  type HttpSinkOptions,
  type JournalOptions,
  JournalTransform,
  type NamedStorageOptions,
  replay,
  type ReplayOptions,
  type Storage,
  type StorageName,
  type StorageOptions
} from '../../lib/index.ts'

const jdbc = { jdbcUrl: 'jdbc:mysql://localhost/test', username: 'root', table: 'record' } as const

/** Each storage with options of its own, those of StreamPark's configuration under their names there. */
export const named: Readonly<Record<StorageName, StorageOptions>> = {
  file: { storage: 'file', path: './failover', table: 'a', segmentBytes: 4096 },
  mysql: { storage: 'mysql', ...jdbc, driverClassName: 'com.mysql.cj.jdbc.Driver', password: '' },
  postgres: { storage: 'postgres', ...jdbc, lease: 1_000, ca: './ca.pem' },
  kafka: { storage: 'kafka', topic: 'record', 'bootstrap.servers': 'a:9092,b:9092', tls: true },
  hbase: { storage: 'hbase', table: 'record', 'zookeeper.quorum': 'zk1', 'zookeeper.property.clientPort': 2181 },
  hdfs: { storage: 'hdfs', namenode: 'hdfs://a:8020', user: 'hdfs', path: '/failover', format: 'yyyy-MM-dd' },
  console: { storage: 'console' },
  none: { storage: 'none' }
}

/** What the run time refuses. */
export const refused: readonly StorageOptions[] = [
  // @ts-expect-error There is no such storage.
  { storage: 'fiel', path: './x' },
  // @ts-expect-error The names are in lower case.
  { storage: 'FILE', path: './x' },
  // @ts-expect-error There is no such option.
  { storage: 'file', paht: './x' },
  // @ts-expect-error There is no such option, beside all that must be there.
  { storage: 'file', path: './x', tabel: 'a' },
  // @ts-expect-error The path is missing.
  { storage: 'file' },
  // @ts-expect-error A folder is a text.
  { storage: 'file', path: new URL('file:///x') },
  // @ts-expect-error That is an option of another storage.
  { storage: 'file', path: './x', topic: 'record' },
  // @ts-expect-error The table is missing.
  { storage: 'mysql', jdbcUrl: 'jdbc:mysql://localhost/test' },
  // @ts-expect-error A time is a number.
  { storage: 'postgres', ...jdbc, timeout: '10s' },
  // @ts-expect-error The brokers are missing.
  { storage: 'kafka', topic: 'record' },
  // @ts-expect-error There is no such mechanism.
  { storage: 'kafka', topic: 'a', 'bootstrap.servers': 'a:1', sasl: { mechanism: 'x', username: 'a', password: 'b' } },
  // @ts-expect-error A port is a number.
  { storage: 'hbase', table: 'record', 'zookeeper.property.clientPort': '2181' },
  // @ts-expect-error The NameNode is missing.
  { storage: 'hdfs', path: '/x' },
  // @ts-expect-error It takes nothing.
  { storage: 'none', path: './x' },
  // @ts-expect-error It takes nothing.
  { storage: 'console', table: 'a' },
  // @ts-expect-error A Storage was made with its options.
  { storage: new FileStorage({ path: './x' }), path: './x' },
  // @ts-expect-error That is no Storage.
  { storage: { append: 1 } },
  // @ts-expect-error A storage must be said.
  { path: './x' }
]

/** Options as a user keeps them, without an index signature. */
interface OwnSettings {
  storage: 'file'
  path: string
}

interface OwnOptions extends FileStorageOptions {
  readonly storage: 'file'
}

export function failover(own: OwnSettings, extended: OwnOptions, storage: Storage): FailoverOptions[] {
  const apart = { storage: 'kafka', topic: 'record', 'bootstrap.servers': ['a:9092', 'b:9092'] } as const
  const checked = { storage: 'hbase', table: 'record', 'rest.url': new URL('http://a') } satisfies StorageOptions
  new FailoverWritable({ ...own, batchSize: 5, eager: true, moveBack: false })
  // @ts-expect-error There is no such option.
  new FailoverWritable({ storage: 'file', path: './x', bachSize: 5 })
  // @ts-expect-error It is a number.
  new FailoverWritable({ storage: 'file', path: './x', batchSize: '5' })
  return [
    own,
    extended,
    { storage },
    { storage, batchSize: 5 },
    { ...apart, fallback: own },
    { ...checked, fallback: { ...apart, fallback: { storage: 'none' } } },
    // @ts-expect-error There is no such storage for a fallback.
    { storage, fallback: { storage: 'fiel' } },
    // @ts-expect-error The path of the fallback is missing.
    { storage, fallback: { storage: 'file' } },
    // @ts-expect-error That of the fallback of a fallback too.
    { storage, fallback: { ...own, fallback: { storage: 'file' } } },
    // @ts-expect-error Only the whole has it.
    { storage, fallback: { storage: 'none', batchSize: 5 } },
    // @ts-expect-error There is no such option.
    { storage, falback: own }
  ]
}

export function journal(own: OwnSettings, storage: Storage, any: StorageOptions): JournalOptions[] {
  new JournalTransform({ ...own, sync: 'interval', interval: 100 })
  return [
    own,
    { storage, sync: 'group' },
    { storage: 'postgres', ...jdbc, queueCapacity: 5 },
    // @ts-expect-error There is no such policy.
    { ...own, sync: 'never' },
    // @ts-expect-error It keeps nothing.
    { storage: 'none' },
    // @ts-expect-error It keeps nothing.
    { storage: 'console', sync: 'group' },
    // @ts-expect-error It may be one that keeps nothing.
    any
  ]
}

export function replays(own: OwnSettings, storage: Storage): ReplayOptions[] {
  replay(storage)
  replay({ ...own, filter: { since: new Date(), outcome: 'refused', status: [503, 429] }, limit: 5, rate: 1 })
  // @ts-expect-error There is no such option.
  replay({ ...own, limt: 5 })
  // @ts-expect-error There is no such outcome.
  replay({ ...own, filter: { outcome: 'lost' } })
  // @ts-expect-error A filter that is none would be the first time of all.
  replay({ ...own, filter: { since: null } })
  return [own, { storage, limit: 5 }, { storage: 'mysql', ...jdbc, filter: {} }]
}

/** The options of one storage. */
export const path = ({ path }: NamedStorageOptions<'file'>): string => path

/** The name says which options there are. */
export function place(options: StorageOptions): string {
  if (options.storage === 'file' || options.storage === 'hdfs') return options.path
  if (options.storage === 'kafka') return options.topic
  // @ts-expect-error Not every storage has it.
  return options.path
}

export function sinks(own: OwnSettings, http: { url: string }): HttpSinkOptions {
  new HttpSink({ failover: own })
  httpSink({ http, retry: { retries: 1 }, failover: { storage: 'none' }, journal: own })
  // @ts-expect-error There is no such section.
  httpSink({ http, failover: own, retyr: {} })
  // @ts-expect-error There is no such section.
  httpSink({ failover: own, retyr: {} })
  // @ts-expect-error There is no such option.
  httpSink.post({ http: { ...http, succesCode: 200 }, failover: own })
  // @ts-expect-error There is no such option.
  httpSink.post({ http, failover: { storage: 'file', paht: './x' } })
  // @ts-expect-error There is no such storage.
  httpSink.post({ http, failover: { storage: 'fiel' } })
  // @ts-expect-error There is no such storage.
  httpSink.post({ failover: { storage: 'fiel' } })
  // @ts-expect-error A journal keeps what it is given.
  httpSink.post({ http, failover: own, journal: { storage: 'none' } })
  // @ts-expect-error The section is missing.
  httpSink.post({ http })
  // @ts-expect-error Both sections are missing.
  httpSink({})
  return { failover: own }
}
