import { execFileSync, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { reasonsNotToPublish } from './release-guard.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const guard = fileURLToPath(new URL('release-guard.ts', import.meta.url))
const note = '---\n"spillway": minor\n---\n\nA storage in Kafka.\n'

describe('the release guard', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spillway-release-'))
    await mkdir(join(folder, '.changeset'))
    await write('.changeset/README.md', 'How to write a note.\n')
    await write('.changeset/config.json', '{}')
    await write('package.json', '{ "name": "spillway", "version": "1.2.0", "type": "module" }')
    await write(
      'CHANGELOG.md',
      '# spillway\n\n## 1.2.0\n\n### Minor Changes\n\n- A storage in Kafka.\n\n## 1.1.0\n\n- x\n'
    )
  })

  afterEach(() => rm(folder, { recursive: true }))

  function write(name: string, text: string): Promise<void> {
    return writeFile(join(folder, name), text)
  }

  it('lets a version with notes through', async () => {
    expect(await reasonsNotToPublish(folder)).to.deep.equal([])
  })

  it('refuses while a note is pending, and names it', async () => {
    await write('.changeset/brave-cats-sing.md', note)
    expect(await reasonsNotToPublish(folder)).to.deep.equal([
      '.changeset/brave-cats-sing.md is pending: run `npx changeset version` first'
    ])
  })

  for (const [what, changelog] of [
    ['the changelog ends at an older version', '# spillway\n\n## 1.1.0\n\n- x\n'],
    ['the heading has another level', '# spillway\n\n### 1.2.0\n\n- x\n'],
    ['the version is only the beginning of another', '# spillway\n\n## 1.2.0-rc.1\n\n- x\n'],
    ['there is nothing under the heading', '# spillway\n\n## 1.2.0\n\n## 1.1.0\n\n- x\n']
  ] as const) {
    it(`refuses when ${what}`, async () => {
      await write('CHANGELOG.md', changelog)
      expect(await reasonsNotToPublish(folder)).to.deep.equal(['CHANGELOG.md has no notes under a heading `## 1.2.0`'])
    })
  }

  it('understands what changesets really writes', async function () {
    this.timeout(60_000)
    await write('.changeset/config.json', '{ "changelog": "@changesets/cli/changelog", "commit": false }')
    await write('.changeset/brave-cats-sing.md', note)
    execFileSync('git', ['init', '--quiet', folder])
    execFileSync(process.execPath, [join(root, 'node_modules/@changesets/cli/bin.js'), 'version'], { cwd: folder })
    expect(await reasonsNotToPublish(folder)).to.deep.equal([])
  })

  it('ends with 1 and says why, as npm needs it to stop', async function () {
    this.timeout(30_000)
    await write('.changeset/brave-cats-sing.md', note)
    const tsx = import.meta.resolve('tsx')
    const { status, stderr } = spawnSync(process.execPath, ['--import', tsx, guard], { cwd: folder, encoding: 'utf8' })
    expect(stderr).to.include('brave-cats-sing.md is pending')
    expect(status).to.equal(1)
  })

  it('stands before every publish of this package', async () => {
    const { default: manifest } = await import('../../package.json', { with: { type: 'json' } })
    expect(manifest.scripts.prepublishOnly).to.equal('node --import tsx test/package/release-guard.ts')
  })
})
