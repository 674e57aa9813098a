import { expect } from 'chai'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSecretFile } from '../../lib/config/secret-file.ts'

describe('readSecretFile', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spillway-secret-'))
  })

  afterEach(() => rm(folder, { recursive: true }))

  async function secret(content: string | Uint8Array, mode = 0o600): Promise<string> {
    const path = join(folder, 'secret')
    await writeFile(path, content)
    await chmod(path, mode)
    return path
  }

  it('cuts the newline at the end, and nothing else', async () => {
    for (const [content, value] of [
      ['abc', 'abc'],
      ['abc\n', 'abc'],
      ['abc\r\n', 'abc'],
      [' abc \n\n', ' abc \n']
    ]) {
      expect(await readSecretFile(await secret(content!))).to.deep.equal({ value })
    }
  })

  it('C07 notices a file that everybody can read', async () => {
    const path = await secret('hunter22', 0o644)
    expect(await readSecretFile(path)).to.deep.equal({
      value: 'hunter22',
      notice: `everybody can read the secret file ${path} (mode 644); chmod 600 it`
    })
  })

  it('C07 says nothing of a file that only its group can read', async () => {
    expect(await readSecretFile(await secret('hunter22', 0o640))).to.deep.equal({ value: 'hunter22' })
  })

  it('C05 says what is wrong with a file that is not there, is a folder, is empty, too long or not UTF-8', async () => {
    const faults = [
      await readSecretFile(join(folder, 'none')),
      await readSecretFile(folder),
      await readSecretFile(await secret('\n')),
      await readSecretFile(await secret('x'.repeat(70_000))),
      await readSecretFile(await secret(Uint8Array.of(0x68, 0xff)))
    ].map(result => ('fault' in result ? result.fault.replaceAll(folder, '…') : result))
    expect(faults).to.deep.equal([
      'cannot read the file …/none: ENOENT',
      'cannot read the file …: it is not a file',
      'the file …/secret is empty',
      'cannot read the file …/secret: it has more than 65536 bytes',
      'cannot read the file …/secret: it is not UTF-8'
    ])
  })
})
