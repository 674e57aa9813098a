import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of a program: in `PATH`, or in a folder that Debian has for it. Throws when it is nowhere. */
export function findProgram(name: string, folders: readonly string[] = []): string {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...folders]) {
    const path = join(folder, name)
    if (isProgram(path)) return path
  }
  throw new Error(`there is no program ${name}`)
}

/** Folders like `/usr/lib/postgresql/15/bin`, the newest first. */
export function versionFolders(folder: string, within: string): string[] {
  try {
    const versions = readdirSync(folder).sort((a, b) => Number(b) - Number(a))
    return versions.map(version => join(folder, version, within))
  } catch {
    return []
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
