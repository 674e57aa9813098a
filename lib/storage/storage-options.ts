import type { FileStorageOptions } from './file-storage.ts'
import type { HBaseStorageOptions } from './hbase-storage.ts'
import type { HdfsStorageOptions } from './hdfs-storage.ts'
import type { KafkaStorageOptions } from './kafka-storage.ts'
import type { MysqlStorageOptions } from './mysql-storage.ts'
import type { PostgresStorageOptions } from './postgres-storage.ts'
import type { Storage } from './storage.ts'

/** What each storage takes beside its name. */
interface OwnOptions {
  file: FileStorageOptions
  mysql: MysqlStorageOptions
  postgres: PostgresStorageOptions
  kafka: KafkaStorageOptions
  hbase: HBaseStorageOptions
  hdfs: HdfsStorageOptions
  console: object
  none: object
}

/** The names that the option `storage` takes. */
export type StorageName = keyof OwnOptions

/** Which storage. */
export interface StorageChoice<Choice extends StorageName | Storage = StorageName | Storage> {
  /** The name of a storage: `file`, `mysql`, `postgres`, `kafka`, `hbase`, `hdfs`, `console`, `none`; or a `Storage`. */
  storage: Choice
}

/** A storage by its name, with its own options beside it. */
export type NamedStorageOptions<Name extends StorageName = StorageName> = {
  [Each in Name]: StorageChoice<Each> & OwnOptions[Each]
}[Name]

/** A storage by its name, with its own options beside it, or an instance, which is then the caller's to close. */
export type StorageOptions = NamedStorageOptions | StorageChoice<Storage>

/** The options of a storage that keeps what it is given: not those of `console` and `none`. */
export type LastingStorageOptions =
  NamedStorageOptions<Exclude<StorageName, 'console' | 'none'>> | StorageChoice<Storage>
