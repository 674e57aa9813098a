import { expect } from 'chai'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OptionsError } from '../../lib/errors.ts'
import { inputFiles } from '../../lib/source/input-files.ts'

describe('inputFiles', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spillway-input-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  const refused = async (input: string): Promise<string> => {
    const error = await inputFiles(input).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(OptionsError)
    return (error as Error).message.replaceAll(folder, '…')
  }

  it('is one file', async () => {
    const path = join(folder, 'a.ndjson')
    await writeFile(path, '{}\n')
    expect(await inputFiles(path)).to.deep.equal([{ name: path, path, size: 3 }])
  })

  it('is standard input for -', async () => {
    expect(await inputFiles('-')).to.deep.equal([{ name: 'stdin', path: undefined, size: undefined }])
  })

  it('is the files right in a folder, by name, without hidden ones', async () => {
    await mkdir(join(folder, 'deeper'))
    for (const name of ['b.csv', 'a.ndjson', '.hidden', 'deeper/c.ndjson']) await writeFile(join(folder, name), 'x')
    expect((await inputFiles(folder)).map(({ name }) => name)).to.deep.equal([
      join(folder, 'a.ndjson'),
      join(folder, 'b.csv')
    ])
  })

  it('refuses what is not there, and a folder without files', async () => {
    expect(await refused(join(folder, 'none'))).to.equal('cannot read the input …/none: there is no such file')
    expect(await refused(folder)).to.equal('the folder … has no file to read')
  })
})
