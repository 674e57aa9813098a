import type { Entry } from '../storage.ts'
import type { Session } from './session.ts'
import { survey } from './survey.ts'

/** What an `HdfsStorage` found under its folder. */
export interface HdfsReport {
  readonly path: string
  /** What `read()` gives. */
  readonly entries: number
  /** Entries that are gone, in files that are still there. */
  readonly removed: number
  readonly files: number
  readonly bytes: number
  /** Parts of files that are not as they were written, and are passed over. */
  readonly damaged: number
  /** Files that are not of a storage, the first hundred of them. */
  readonly foreign: readonly string[]
}

export async function reportOf(
  { fs, layout, removals, damage }: Session,
  all: AsyncIterable<Entry>
): Promise<HdfsReport> {
  let entries = 0
  for await (const _entry of all) entries++
  const { files, bytes, foreign, present } = await survey(fs, layout.root, removals.known)
  let removed = 0
  for (const file of present) removed += removals.count(file)
  return { path: layout.root, entries, removed, files, bytes, damaged: damage.count, foreign }
}
