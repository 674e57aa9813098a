import type { FileStatus, Page } from './web-hdfs.ts'

/**
 * What of a page is behind the name `after`, by name. HttpFS has no pages: it gives all of a folder, whatever it was asked to
 * leave out. `undefined` when a server does so and says that there is more: whoever goes on would go round for ever.
 */
export function behind({ items, isLast }: Page, after: string): Page | undefined {
  const left = after === '' ? [...items] : items.filter(({ pathSuffix }) => inBytes(pathSuffix, after) > 0)
  if (left.length < items.length && !isLast) return undefined
  return { items: left.sort(byName), isLast }
}

const byName = (one: FileStatus, other: FileStatus): number => inBytes(one.pathSuffix, other.pathSuffix)

/** The order of HDFS, which is not that of JavaScript. */
const inBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))
