import type { Folder } from './folder.ts'
import type { Range } from './ranges.ts'
import { entriesOf } from './reader.ts'

/** What a `FileStorage` found in its folder. */
export interface FileReport {
  readonly path: string
  /** What `read()` gives. */
  readonly entries: number
  /** Entries that are gone, in segments that are still there. */
  readonly removed: number
  readonly segments: number
  readonly bytes: number
  /** Parts of segments that are not as they were written, and are passed over. */
  readonly damaged: number
  /** Files with copies of damaged parts. */
  readonly quarantined: number
  /** Segments that should be there: from and to, by the number that their names start with. */
  readonly missing: readonly Range[]
  /** Files that are not of this storage. */
  readonly foreign: readonly string[]
}

export async function reportOf(folder: Folder): Promise<FileReport> {
  let entries = 0
  for await (const _entry of entriesOf(() => folder, {}, folder)) entries++
  const { path, segments, keptAside, missing, foreign } = folder
  return {
    path,
    entries,
    removed: total(segments, ({ gone }) => gone),
    segments: segments.length,
    bytes: total(segments, ({ end }) => end),
    damaged: total(segments, ({ damage }) => damage.size),
    quarantined: keptAside,
    missing,
    foreign
  }
}

function total<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0)
}
