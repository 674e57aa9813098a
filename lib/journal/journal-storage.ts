import { OptionsError } from '../errors.ts'
import type { StorageOptions } from '../failover-writable.ts'
import { storageFrom } from '../storage/registry.ts'
import type { Storage } from '../storage/storage.ts'

/** The storage of a section `journal`: what is wrong with it is said of that section. Throws `SPW_ERR_OPTIONS`. */
export function journalStorage(options: StorageOptions): Storage {
  try {
    return storageFrom(options)
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    throw new OptionsError(error.message.replaceAll('failover/', 'journal/'))
  }
}
