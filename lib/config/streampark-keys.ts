/** Where a key of StreamPark's goes: a section and an option of ours, and what its value must be. */
export interface Mapping {
  readonly section: 'http' | 'retry' | 'failover'
  readonly option: string
  readonly as: 'integer' | 'codes' | 'text' | 'storage'
}

/** Keys of `http.sink.threshold`. */
export const thresholdKeys: Readonly<Record<string, Mapping>> = {
  numWriters: { section: 'http', option: 'numWriters', as: 'integer' },
  queueCapacity: { section: 'http', option: 'queueCapacity', as: 'integer' },
  timeout: { section: 'http', option: 'timeout', as: 'integer' },
  requestTimeout: { section: 'http', option: 'timeout', as: 'integer' },
  successCode: { section: 'http', option: 'successCode', as: 'codes' },
  retries: { section: 'retry', option: 'retries', as: 'integer' }
}

/** Keys of `http.sink.threshold` that the original has for other sinks; its HTTP sink does not use them either. */
export const unusedKeys: ReadonlySet<string> = new Set(['bufferSize', 'delayTime'])

/** Keys of `http.sink.failover` itself. */
export const failoverKeys: Readonly<Record<string, Mapping>> = {
  table: { section: 'failover', option: 'table', as: 'text' },
  storage: { section: 'failover', option: 'storage', as: 'storage' }
}

const own = (options: readonly string[], integers: readonly string[] = []): Readonly<Record<string, Mapping>> =>
  Object.fromEntries(
    options.map(option => [option, { section: 'failover', option, as: integers.includes(option) ? 'integer' : 'text' }])
  )

const jdbc = own(['jdbcUrl', 'username', 'password', 'driverClassName'])

/** What each storage is configured with. */
export const storageKeys: Readonly<Record<string, Readonly<Record<string, Mapping>>>> = {
  mysql: jdbc,
  postgres: jdbc,
  kafka: own(['topic', 'bootstrap.servers']),
  hbase: own(
    ['zookeeper.quorum', 'zookeeper.property.clientPort', 'zookeeper.znode.parent'],
    ['zookeeper.property.clientPort']
  ),
  hdfs: own(['namenode', 'user', 'path', 'format']),
  file: own(['path']),
  console: {},
  none: {}
}

/** The sections under `http.sink.failover` that hold a storage's keys: StreamPark writes `jdbc` and `mysql` alike. */
export const storageSections: Readonly<Record<string, readonly string[]>> = {
  mysql: ['mysql', 'jdbc'],
  postgres: ['postgres', 'jdbc'],
  kafka: ['kafka'],
  hbase: ['hbase'],
  hdfs: ['hdfs'],
  file: ['file']
}

/** Here `table` is left alone, as are the keys of other storages. */
export const storagesWithoutTable: ReadonlySet<string> = new Set(['console', 'none', 'kafka'])

const everyStorageKey = Object.assign({}, ...Object.values(storageKeys)) as Readonly<Record<string, Mapping>>

/** All keys that stand alone in the flat form. */
export const flatKeys: readonly string[] = [
  ...Object.keys(thresholdKeys),
  ...unusedKeys,
  ...Object.keys(failoverKeys),
  ...Object.keys(everyStorageKey)
]
