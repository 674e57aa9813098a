import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { FileStorage } from './file-storage.ts'
import { HBaseStorage } from './hbase-storage.ts'
import { HdfsStorage } from './hdfs-storage.ts'
import { KafkaStorage } from './kafka-storage.ts'
import { storageNames, storageSchema } from './registry.ts'
import { SqlStorage } from './sql/sql-storage.ts'

/** Where a storage keeps what it holds. */
export interface Place {
  /** The same for two that are in the same place, as far as their options tell. */
  readonly key: unknown
  /** The option that names it last. */
  readonly option: string
  /** What that is: a folder, a table, a topic. */
  readonly what: string
  readonly value: string
}

// What says where the storages over a network keep theirs. Of these it is the last that a second one differs in.
const placeOptions = [
  'jdbcUrl',
  'bootstrap.servers',
  'zookeeper.quorum',
  'zookeeper.property.clientPort',
  'zookeeper.znode.parent',
  'rest.url',
  'namenode',
  'path',
  'topic',
  'table'
]
const remoteStorages = [SqlStorage, KafkaStorage, HBaseStorage, HdfsStorage]

/** Those of any storage. */
export type Options = Readonly<Record<string, unknown>>

/** The place of the storage of these options, or of the instance in them. `undefined` where there is none, or the options are wrong. */
export function placeOf(options: Options): Place | undefined {
  const { storage } = options
  if (storage instanceof FileStorage) return folderPlace(storage.folder)
  if (storage === 'file') return folderPlace(folderIn(options))
  if (typeof storage === 'string') return remotePlace(options)
  const remote = remoteStorages.find(one => storage instanceof one)
  if (remote !== undefined) return remotePlace((storage as InstanceType<typeof remote>).place as Options)
  return { key: storage, option: 'storage', what: 'Storage', value: 'one' }
}

function folderIn({ path, table = '' }: Options): string | undefined {
  return typeof path === 'string' && typeof table === 'string' ? resolve(join(path, table)) : undefined
}

function folderPlace(folder: string | undefined): Place | undefined {
  if (folder === undefined) return undefined
  const value = realPathOf(folder)
  return { key: value, option: 'path', what: 'folder', value }
}

/** Of what is not there yet: where it will be. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const above = dirname(path)
    return above === path ? path : join(realPathOf(above), basename(path))
  }
}

function remotePlace({ storage, ...own }: Options): Place | undefined {
  if (typeof storage !== 'string' || !storageNames.includes(storage)) return undefined
  const { properties } = storageSchema(storage)
  const values = placeOptions
    .map(option => [option, own[option] ?? (properties[option] as { default?: unknown } | undefined)?.default] as const)
    .filter(([, value]) => value !== undefined)
  const [option, value] = values.at(-1) ?? []
  if (option === undefined) return undefined
  const key = JSON.stringify([storage, ...values.map(([name, value]) => [name, String(value)])])
  return { key, option, what: option, value: String(value) }
}
