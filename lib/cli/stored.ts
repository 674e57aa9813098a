import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { defaultFailover } from '../config/file-schemas.ts'
import type { Config } from '../config/read-config.ts'
import { FileStorage } from '../storage/file-storage.ts'
import { StorageUnion } from '../storage/storage-union.ts'
import type { Storage } from '../storage/storage.ts'
import { NoStorage } from '../storage/unlasting-storage.ts'
import { buildStorages } from './build.ts'
import type { Context } from './commands/context.ts'
import { tell } from './standard-streams.ts'

type Telling = Pick<Context, 'quiet' | 'secrets'>

/**
 * All that a configuration may have stored, in one. `failed` is told when one of several storages cannot be read; else that is
 * an error of the reading, once the others were read. A folder that is not there holds nothing, and is not made: it is left out.
 */
export function buildStored(config: Config, telling: Telling, failed?: (error: Error) => void): Storage {
  const storages = buildStorages(config)
  tellOfNoFolder(config, storages, telling)
  const [first, ...others] = storages.filter(storage => !hasNoFolder(storage))
  if (first === undefined) return new NoStorage()
  return others.length === 0 ? first : new StorageUnion([first, ...others], failed)
}

/** Says that the folder of the first storage is not there: a slip in its name looks like an empty storage. */
export function tellOfNoFolder({ failover }: Config, [first]: readonly Storage[], { quiet, secrets }: Telling): void {
  // The default one is not there before something was stored, and nobody wrote its name.
  const isDefault = failover.storage === 'file' && resolve(failover.path) === resolve(defaultFailover.path)
  if (quiet || !hasNoFolder(first) || isDefault) return
  tell(secrets.redact(`there is no folder ${first.folder}: nothing is stored there`))
}

function hasNoFolder(storage: Storage | undefined): storage is FileStorage {
  return storage instanceof FileStorage && !isThere(storage.folder)
}

/** What cannot be looked at counts as there: the storage says why. */
function isThere(folder: string): boolean {
  try {
    statSync(folder)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT'
  }
}
