import { cellAt } from '../file/cells.ts'
import { keyIn } from '../file/key.ts'
import { line } from '../file/line.ts'
import { Scratch } from '../file/scratch.ts'
import { RemoteFile } from './remote-file.ts'
import { linesOf } from './lines.ts'
import type { Session } from './session.ts'
import { type DataFile, filesOf, type Survey } from './survey.ts'

/**
 * The newest version of each delivery that was stored again, as far as an older one may be there.
 *
 * The names of files say which versions are in them. Where all have the same, as after a replay in which all failed again, no
 * older one can be there, and nothing is read. Else the files with higher versions are read once before the reading begins,
 * and their ids are in memory while it lasts, some 100 bytes for each.
 */
export async function newestVersions(session: Session, survey: Survey): Promise<Map<string, number>> {
  const newest = new Map<string, number>()
  const { lowestVersion, highestVersion } = survey
  if (highestVersion <= lowestVersion) return newest
  const scratch = new Scratch()
  for await (const file of filesOf(session.fs, survey)) {
    if (file.name.highestVersion > lowestVersion) await learn(newest, session, file, lowestVersion, scratch)
  }
  return newest
}

async function learn(
  newest: Map<string, number>,
  { fs, claims, removals }: Session,
  file: DataFile,
  above: number,
  scratch: Scratch
): Promise<void> {
  const remote = await RemoteFile.open(fs, file, claims.pathOf(file))
  if (remote === undefined) return
  for await (const block of linesOf(file, remote, undefined, scratch)) {
    const { base, lines } = block
    for (let i = 0; i < lines.length; i += 2) {
      const key = keyIn(block, lines[i]! + line.head, lines[i + 1]!, above + 1)
      if (key === undefined || key.version <= Math.max(above, newest.get(key.id) ?? 0)) continue
      // One that was removed stands in for nothing: the older one was appended after that.
      if (removals.has(file.name.base, cellAt(base + lines[i]!))) continue
      newest.set(key.id, key.version)
    }
  }
}
