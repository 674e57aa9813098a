import type { FileStatus, Page } from './web-hdfs.ts'

// What a NameNode answers, read with care: a proxy, or a server of another kind, answers with JSON too. Each gives
// `undefined` for what is none.

/** Of LISTSTATUS_BATCH. */
export function pageIn(answer: unknown): Page | undefined {
  const { partialListing, remainingEntries } = within(answer, 'DirectoryListing')
  const items = within(partialListing, 'FileStatuses').FileStatus
  if (!Array.isArray(items) || typeof remainingEntries !== 'number' || !items.every(isStatus)) return undefined
  return { items, isLast: remainingEntries === 0 || items.length === 0 }
}

/** Of LISTSTATUS, which gives all at once. */
export function folderIn(answer: unknown): Page | undefined {
  const items = within(answer, 'FileStatuses').FileStatus
  return Array.isArray(items) && items.every(isStatus) ? { items, isLast: true } : undefined
}

/** Of GETFILESTATUS. */
export function statusIn(answer: unknown): FileStatus | undefined {
  const status = within(answer).FileStatus
  return isStatus(status) ? status : undefined
}

/** Of DELETE, MKDIRS and RENAME. */
export function truthIn(answer: unknown): boolean | undefined {
  const { boolean } = within(answer)
  return typeof boolean === 'boolean' ? boolean : undefined
}

/** Of the first step of CREATE and OPEN. */
export const locationIn = (answer: unknown): unknown => within(answer).Location

function isStatus(value: unknown): value is FileStatus {
  const { pathSuffix, type, length, modificationTime } = within(value)
  return (
    typeof pathSuffix === 'string' &&
    typeof type === 'string' &&
    Number.isSafeInteger(length) &&
    (length as number) >= 0 &&
    typeof modificationTime === 'number'
  )
}

/** The fields of an object, or of one that is a field of it; none when it is no object. */
function within(value: unknown, field?: string): Readonly<Record<string, unknown>> {
  const fields = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  return field === undefined ? fields : within(fields[field])
}
