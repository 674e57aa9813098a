import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** No secret is longer, in bytes: a wrong path must not read a disk. */
const most = 64 * 1024

/** A secret from a file, or why there is none. Neither says anything of its content. */
export type SecretFile = { readonly value: string; readonly notice?: string } | { readonly fault: string }

/**
 * Reads a secret: the file's text without the newline at its end. A file that everybody on this machine can read is
 * taken with a notice.
 */
export async function readSecretFile(path: string): Promise<SecretFile> {
  try {
    const { bytes, mode } = await contentOf(path)
    const value = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '')
    if (value === '') return { fault: `the file ${path} is empty` }
    if ((mode & 0o004) === 0) return { value }
    return {
      value,
      notice: `everybody can read the secret file ${path} (mode ${(mode & 0o777).toString(8)}); chmod 600 it`
    }
  } catch (error) {
    return { fault: `cannot read the file ${path}: ${reasonOf(error)}` }
  }
}

async function contentOf(path: string): Promise<{ bytes: Uint8Array; mode: number }> {
  // A pipe without a writer would block for ever in open().
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw new Error('it is not a file')
    if (stat.size > most) throw new Error(`it has more than ${most} bytes`)
    return { bytes: await handle.readFile(), mode: stat.mode }
  } finally {
    await handle.close()
  }
}

// Of the system's errors only the code: of the others the message, which is one of ours or the decoder's.
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8'
  return code ?? message
}
