import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for the suite that calls this, deleted after it. Gives the path of a new name within, which is not made yet. */
export function temporaryFolder(): (name?: string) => string {
  let folder = ''
  let count = 0
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'spillway-test-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))
  return (name = `folder-${++count}`) => join(folder, name)
}
