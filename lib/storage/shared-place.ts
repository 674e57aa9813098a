import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { OptionsError } from '../errors.ts'
import type { StorageOptions } from '../failover-writable.ts'
import { FileStorage } from './file-storage.ts'

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

/**
 * Refuses a journal in a place where the failover, or a fallback of it, stores. What is left in a journal is sent at the next
 * start, and what is settled as stored is removed from it: there that would be what was stored. Throws `SPW_ERR_OPTIONS`.
 */
export function refuseSharedJournal(journal: StorageOptions, failover: StorageOptions): void {
  for (const [name, options] of chainOf(failover)) refuseShared(['journal', journal], [name, options])
}

/**
 * Refuses a fallback in a place where a storage before it stores. What is brought back from there is removed there once it is in
 * the first storage: that would be what was brought back. Throws `SPW_ERR_OPTIONS`.
 */
export function refuseSharedFallback(failover: StorageOptions): void {
  const chain = chainOf(failover)
  chain.forEach((one, i) => {
    for (const other of chain.slice(0, i)) refuseShared(one, other)
  })
}

type Named = readonly [name: string, options: StorageOptions]

function chainOf(failover: StorageOptions, name = 'failover'): Named[] {
  const { fallback } = failover as { fallback?: StorageOptions }
  const rest = typeof fallback === 'object' ? chainOf(fallback, `${name}/fallback`) : []
  return [[name, failover], ...rest]
}

function refuseShared([name, options]: Named, [otherName, others]: Named): void {
  const shared = sharedIn(options, others)
  if (shared === undefined) return
  const [option, what, value] = shared
  throw new OptionsError(`${name}/${option} must be another ${what} than ${otherName}/${option}, got ${value} for both`)
}

type Shared = readonly [option: string, what: string, value: string]

function sharedIn(one: StorageOptions, other: StorageOptions): Shared | undefined {
  const folder = folderOf(one)
  if (folder !== undefined && folder === folderOf(other)) return ['path', 'folder', folder]
  if (one.storage !== other.storage || one.storage === 'file') return undefined
  if (typeof one.storage !== 'string') return ['storage', 'Storage', 'one']
  const given = placeOptions.filter(option => one[option] !== undefined || other[option] !== undefined)
  if (given.some(option => String(one[option]) !== String(other[option]))) return undefined
  const last = given.at(-1)
  return last === undefined ? undefined : [last, last, String(one[last])]
}

function folderOf({ storage, path, table = '' }: StorageOptions): string | undefined {
  if (storage instanceof FileStorage) return realPathOf(storage.folder)
  if (storage !== 'file' || typeof path !== 'string' || typeof table !== 'string') return undefined
  return realPathOf(resolve(join(path, table)))
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
