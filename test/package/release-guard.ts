import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * What keeps the package in `folder` from being published: notes of changes that no release has taken up yet, or a
 * changelog that says nothing about the version. Empty when nothing does. `npm publish` asks it (`prepublishOnly`).
 */
export async function reasonsNotToPublish(folder: string): Promise<string[]> {
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string }
  const reasons = (await pendingNotes(folder)).map(
    note => `.changeset/${note} is pending: run \`npx changeset version\` first`
  )
  if (!notesOf(version, await readFile(join(folder, 'CHANGELOG.md'), 'utf8'))) {
    reasons.push(`CHANGELOG.md has no notes under a heading \`## ${version}\``)
  }
  return reasons
}

async function pendingNotes(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, '.changeset'))
  return names.filter(name => name.endsWith('.md') && name !== 'README.md').sort()
}

// The heading that changesets writes: of the second level, nothing but the version.
function notesOf(version: string, changelog: string): string | undefined {
  const sections = changelog.split(/^## /m).slice(1)
  const own = sections.find(section => section.split('\n', 1)[0]!.trim() === version)
  return own?.slice(own.indexOf('\n')).trim() || undefined
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const reasons = await reasonsNotToPublish('.')
  for (const reason of reasons) console.error(reason)
  process.exitCode = reasons.length === 0 ? 0 : 1
}
