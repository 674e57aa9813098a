import { StorageError } from '../../errors.ts'

const full = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
// What may be over a moment later without anybody doing anything to the folder.
const passing = new Set(['EMFILE', 'ENFILE', 'EINTR', 'EAGAIN', 'EBUSY', 'ENOMEM', 'EIO'])

const hints: Readonly<Record<string, string>> = {
  ENOENT: ', it is not there any more',
  EACCES: ', this user has no right to',
  EROFS: ', its file system is read-only',
  EINVAL: ', its file system cannot make files durable',
  ELOOP: ', a symbolic link is not followed',
  EEXIST: ', there is something that is no folder',
  ENOTDIR: ', a part of it is no folder'
}

export const codeOf = (cause: unknown): string | undefined => (cause as NodeJS.ErrnoException | undefined)?.code

/** Whether the disk has no room, or the user no quota. */
export const isFull = (cause: unknown): boolean => full.has(codeOf(cause) ?? '')

/** What the file system said, as a `StorageError`. `what` names what was tried: 'write to /data/failover'. */
export function storageError(what: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  const code = codeOf(cause) ?? (cause as Error | undefined)?.message ?? String(cause)
  if (isFull(cause)) {
    return new StorageError('SPW_ERR_STORAGE_FULL', `Cannot ${what}: ${code}.`, { retryable: true, cause })
  }
  const hint = hints[code] ?? ''
  const retryable = passing.has(code)
  return new StorageError('SPW_ERR_STORAGE', `Cannot ${what}: ${code}${hint}.`, { retryable, cause })
}
