import { existsSync } from 'node:fs'
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { nodeDisk } from '../../../lib/storage/file/disk.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { within } from '../../support/waiting.ts'

describe('nodeDisk', () => {
  const temporary = temporaryFolder()
  let folder: string

  beforeEach(async () => {
    folder = temporary()
    await mkdir(folder)
  })

  const codeOf = (path: string): Promise<unknown> =>
    nodeDisk.makeFolder(path).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code
    )

  it('makes a folder with what is missing above it, for this user alone, and gives the topmost', async () => {
    const path = join(folder, 'a', 'b', 'c')
    expect(await nodeDisk.makeFolder(path)).to.equal(join(folder, 'a'))
    for (const each of [path, join(path, '..'), join(path, '../..')]) {
      expect((await stat(each)).mode & 0o777).to.equal(0o700)
    }
    expect(await nodeDisk.makeFolder(path)).to.equal(undefined)
    expect(await nodeDisk.makeFolder('/')).to.equal(undefined)
  })

  it('makes it once for several who want it', async () => {
    const path = join(folder, 'x', 'y', 'z')
    await Promise.all(Array.from({ length: 20 }, () => nodeDisk.makeFolder(path)))
    expect((await stat(path)).isDirectory()).to.equal(true)
  })

  it('makes none over a file, in a file or over a link to nowhere', async () => {
    const file = join(folder, 'file')
    await writeFile(file, '')
    await symlink(join(folder, 'nowhere'), join(folder, 'link'))
    expect([await codeOf(file), await codeOf(join(file, 'a')), await codeOf(join(folder, 'link'))]).to.deep.equal([
      'EEXIST',
      'ENOTDIR',
      'EEXIST'
    ])
  })

  if (existsSync('/proc/self')) {
    it('gives up where nobody can make one', async () => {
      expect(await within(codeOf('/proc/spillway/a'), 'a failure')).to.equal('ENOENT')
    })
  }
})
