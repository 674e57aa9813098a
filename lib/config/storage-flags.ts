import { OptionsError } from '../errors.ts'
import { storageNames, storageSchema } from '../storage/registry.ts'
import { defaultFailover, fileSchema } from './file-schemas.ts'
import type { Override, Sections } from './sections.ts'

/** A fault that neither the file nor a flag has alone. */
export interface FlagFault {
  /** Of the option that it is about; what else is wrong with that one follows from it. */
  readonly pointer: string
  readonly sentence: string
}

interface Given {
  /** The configuration's, for messages. */
  readonly file: string
  /** As the file has them. */
  readonly before: Sections
  /** With what was given on the command line. */
  readonly now: Sections
  readonly overrides: readonly Override[]
}

/**
 * What is wrong with `--storage` and `--path` beside a file that is written for another storage: what the new one needs and
 * nobody gives, and a folder that is nobody's.
 */
export function storageFlagFaults(given: Given): FlagFault[] {
  return [lacking(given), strayFolder(given)].filter(fault => fault !== undefined)
}

function lacking({ file, before, now, overrides }: Given): FlagFault | undefined {
  const storage = flagged(overrides, 'storage')
  const own = before.values.failover.storage
  if (storage === undefined || storage.value === own) return undefined
  const missing = requiredBy(now).filter(name => now.values.failover[name] === undefined)
  if (missing.length === 0) return undefined
  const needed = [inFile(missing.filter(name => name !== 'path')), missing.includes('path') ? '--path FOLDER' : '']
  const why = own === undefined ? 'names no storage' : `is written for the storage ${JSON.stringify(own)}`
  const list = needed.filter(text => text !== '').join(' and ')
  return {
    pointer: '/failover',
    sentence: `${storage.flag} ${String(storage.value)} needs ${list} as well: ${file} ${why}`
  }
}

function inFile(names: readonly string[]): string {
  return names.length === 0 ? '' : `${names.map(name => `failover/${name}`).join(' and ')} in the file`
}

function requiredBy({ values }: Sections): readonly string[] {
  try {
    return fileSchema('failover', values.failover).required as string[]
  } catch (error) {
    // There is no such storage, which is said when the section is checked.
    if (error instanceof OptionsError) return []
    throw error
  }
}

function strayFolder({ file, now, overrides }: Given): FlagFault | undefined {
  const path = flagged(overrides, 'path')
  const { storage = defaultFailover.storage } = now.values.failover
  if (path === undefined || !storageNames.includes(storage as string) || withFolder.includes(storage as string)) {
    return undefined
  }
  const chosen = flagged(overrides, 'storage')
  const ofTheirs =
    chosen === undefined
      ? `, and ${file} is written for the storage ${JSON.stringify(storage)}: give --storage file as well`
      : `, not for ${chosen.flag} ${String(storage)}`
  return {
    pointer: '/failover/path',
    sentence: `${path.flag} is for the storages ${withFolder.join(' and ')}${ofTheirs}`
  }
}

function flagged(overrides: readonly Override[], name: string): Override | undefined {
  return overrides.find(({ section, option }) => section === 'failover' && option === name)
}

/** The storages that have a folder. */
const withFolder = storageNames.filter(name => 'path' in storageSchema(name).properties)
