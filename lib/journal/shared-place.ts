import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { OptionsError } from '../errors.ts'
import type { StorageOptions } from '../failover-writable.ts'

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
export function refuseSharedPlace(journal: StorageOptions, failover: StorageOptions, name = 'failover'): void {
  const { fallback } = failover as { fallback?: StorageOptions }
  const shared = sharedIn(journal, failover)
  if (shared !== undefined) {
    const [option, what, value] = shared
    throw new OptionsError(`journal/${option} must be another ${what} than ${name}/${option}, got ${value} for both`)
  }
  if (typeof fallback === 'object') refuseSharedPlace(journal, fallback, `${name}/fallback`)
}

type Shared = readonly [option: string, what: string, value: string]

function sharedIn(journal: StorageOptions, failover: StorageOptions): Shared | undefined {
  if (journal.storage !== failover.storage) return undefined
  if (typeof journal.storage !== 'string') return ['storage', 'Storage', 'one']
  if (journal.storage === 'file') {
    const folder = folderOf(journal)
    return folder !== undefined && folder === folderOf(failover) ? ['path', 'folder', folder] : undefined
  }
  const given = placeOptions.filter(option => journal[option] !== undefined || failover[option] !== undefined)
  if (given.some(option => String(journal[option]) !== String(failover[option]))) return undefined
  const last = given.at(-1)
  return last === undefined ? undefined : [last, last, String(journal[last])]
}

function folderOf({ path, table = '' }: StorageOptions): string | undefined {
  if (typeof path !== 'string' || typeof table !== 'string') return undefined
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
