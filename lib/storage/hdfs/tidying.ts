import type { Session } from './session.ts'
import { pagesOf, type Survey } from './survey.ts'

// Long after whoever wrote a temporary file has given up on it. One who has not finds it gone, and writes another one.
const abandonedAfter = 60 * 60 * 1000

/** Clears away what nobody needs any more: before a reading that claims, as only that one may write here. */
export async function tidy(session: Session, survey: Survey, gone: readonly string[]): Promise<void> {
  const { fs, layout, removals } = session
  await removals.forget(gone)
  await removals.compact()
  await deleteAbandoned(session)
  const now = layout.folderAt(Date.now())
  // Another one who is about to put a file there makes it anew.
  for (const folder of survey.emptyFolders) {
    if (!now.startsWith(folder)) await fs.delete(folder).catch(() => undefined)
  }
}

async function deleteAbandoned({ fs, layout, owners }: Session): Promise<void> {
  for (const folder of [layout.writing, layout.removed]) {
    for await (const { items } of pagesOf(fs, folder)) {
      for (const { pathSuffix, length, modificationTime } of items) {
        const isWanted = folder === layout.removed && length > 0
        if (!isWanted && modificationTime + abandonedAfter < owners.now) await fs.delete(`${folder}/${pathSuffix}`)
      }
    }
  }
}
