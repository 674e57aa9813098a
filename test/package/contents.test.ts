import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { expect } from 'chai'

const root = new URL('../../', import.meta.url)
const documents = [
  'ARCHITECTURE.md',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'RELIABILITY.md',
  'SECURITY.md',
  'package.json'
]

interface Manifest {
  scripts: Record<string, string>
}

interface Lock {
  packages: Record<string, { dev?: boolean; resolved?: string; hasInstallScript?: boolean }>
}

async function json<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(new URL(name, root), 'utf8')) as T
}

describe('the package contents', () => {
  it('C22 has no scripts that run when it is installed', async () => {
    const { scripts } = await json<Manifest>('package.json')
    expect(scripts).not.to.have.any.keys(
      'preinstall',
      'install',
      'postinstall',
      'prepublish',
      'preprepare',
      'prepare',
      'postprepare'
    )
  })

  it('C22 needs no package that runs scripts when it is installed', async () => {
    const { packages } = await json<Lock>('package-lock.json')
    const names = Object.keys(packages).filter(name => packages[name]!.hasInstallScript && !packages[name]!.dev)
    expect(names).to.deep.equal([])
  })

  it('C22 locks its dependencies without naming where they come from', async () => {
    const { packages } = await json<Lock>('package-lock.json')
    expect(Object.keys(packages)).to.include.members(['', 'node_modules/undici'])
    expect(Object.keys(packages).filter(name => packages[name]!.resolved !== undefined)).to.deep.equal([])
  })

  it('C22 holds dist, the documents and the licence, and nothing else', async function () {
    this.timeout(60_000)
    const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root
    })
    const [{ files }] = JSON.parse(stdout) as [{ files: Array<{ path: string }> }]
    const outside = files.map(({ path }) => path).filter(path => !/^dist\/.+\.(js|d\.ts)$/.test(path))
    expect(outside.sort()).to.deep.equal(documents)
  })

  it('holds what its documents send a user to, but for what is of a clone', async () => {
    const ofClone = /^(?:examples|CONTRIBUTING\.md|lib|test)(?:\/|$)/
    for (const name of documents.filter(each => each.endsWith('.md'))) {
      const text = await readFile(new URL(name, root), 'utf8')
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path!)
      expect(
        links.filter(path => !ofClone.test(path) && !documents.includes(path)),
        name
      ).to.deep.equal([])
    }
  })
})
