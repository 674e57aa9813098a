import { OptionsError } from '../errors.ts'
import { nearest, optionsParser, type OptionsSchema } from '../options.ts'
import { FileStorage, fileStorageSchema } from './file-storage.ts'
import { HBaseStorage, hbaseStorageSchema } from './hbase-storage.ts'
import { HdfsStorage, hdfsStorageSchema } from './hdfs-storage.ts'
import { KafkaStorage, kafkaStorageSchema } from './kafka-storage.ts'
import { MysqlStorage, mysqlStorageSchema } from './mysql-storage.ts'
import { PostgresStorage, postgresStorageSchema } from './postgres-storage.ts'
import type { StorageName } from './storage-options.ts'
import type { Storage } from './storage.ts'
import { ConsoleStorage, NoStorage } from './unlasting-storage.ts'

interface Registered {
  readonly schema: OptionsSchema
  create(options: object): Storage
}

const noOptions = { type: 'object', properties: {}, additionalProperties: false } as const
const parseNoOptions = optionsParser('failover', noOptions)

const registry: Readonly<Record<StorageName, Registered>> = {
  file: { schema: fileStorageSchema, create: options => new FileStorage(options as never) },
  mysql: { schema: mysqlStorageSchema, create: options => new MysqlStorage(options as never) },
  postgres: { schema: postgresStorageSchema, create: options => new PostgresStorage(options as never) },
  kafka: { schema: kafkaStorageSchema, create: options => new KafkaStorage(options as never) },
  hbase: { schema: hbaseStorageSchema, create: options => new HBaseStorage(options as never) },
  hdfs: { schema: hdfsStorageSchema, create: options => new HdfsStorage(options as never) },
  console: { schema: noOptions, create: options => (parseNoOptions(options), new ConsoleStorage()) },
  none: { schema: noOptions, create: options => (parseNoOptions(options), new NoStorage()) }
}

/** The names that the option `storage` takes. */
export const storageNames: readonly string[] = Object.keys(registry)

/** The schema of a storage's own options. */
export function storageSchema(name: string): OptionsSchema {
  return registered(name).schema
}

/**
 * Makes the storage that `storage` names with its own options, which stand flat beside the name; an instance is given back
 * as it is. Nothing is opened. Throws `SPW_ERR_OPTIONS` for an unknown name or a wrong option.
 */
export function storageFrom(options: object): Storage {
  const { storage, ...own } = options as { storage?: unknown }
  if (typeof storage === 'string') return registered(storage).create(own)
  if (!isStorage(storage)) {
    const got = storage === undefined ? 'nothing' : JSON.stringify(storage)
    throw new OptionsError(
      `failover/storage must be one of ${quotedNames()} or a Storage, got ${got}. To drop what fails say storage: none.`
    )
  }
  const [stray] = Object.keys(own)
  if (stray !== undefined)
    throw new OptionsError(`failover/${stray} is not an option beside a Storage that was made already`)
  return storage
}

function registered(name: string): Registered {
  const found = Object.hasOwn(registry, name) ? registry[name as StorageName] : undefined
  if (found !== undefined) return found
  const near = nearest(name, storageNames)
  const hint = near === undefined ? '' : `, did you mean ${JSON.stringify(near)}?`
  throw new OptionsError(`failover/storage must be one of ${quotedNames()}, got ${JSON.stringify(name)}${hint}`)
}

const quotedNames = (): string => storageNames.map(name => JSON.stringify(name)).join(', ')

function isStorage(value: unknown): value is Storage {
  const { append, read, remove } = (value ?? {}) as Partial<Storage>
  return [append, read, remove].every(method => typeof method === 'function')
}
