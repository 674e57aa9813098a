import { readFile } from 'node:fs/promises'
import { StorageError } from '../../errors.ts'
import type { Address } from './options.ts'

/** Options of `node:tls`, without those that the modes are about. */
export interface Certificates {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** Reads the files that the options name: at each new connection, so that they may be renewed. */
export async function certificatesOf({ ca, cert, key }: Pick<Address, 'ca' | 'cert' | 'key'>): Promise<Certificates> {
  const texts = Object.entries({ ca, cert, key })
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(async ([name, path]) => [name, await textOf(name, path)] as const)
  return Object.fromEntries(await Promise.all(texts))
}

async function textOf(name: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const message = `failover/${name} must be a file that can be read, got ${JSON.stringify(path)}.`
    throw new StorageError('SPW_ERR_STORAGE', message, { retryable: false, cause })
  }
}
