import { OptionsError } from '../errors.ts'
import { storageFrom } from '../storage/registry.ts'
import type { LastingStorageOptions } from '../storage/storage-options.ts'
import type { Storage } from '../storage/storage.ts'

/** The storage of a section `journal`: what is wrong with it is said of that section. Throws `SPW_ERR_OPTIONS`. */
export function journalStorage(options: LastingStorageOptions): Storage {
  try {
    return storageFrom(options)
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    throw new OptionsError(error.message.replaceAll('failover/', 'journal/'))
  }
}
