import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import ts from 'typescript'
import { readConfig } from '../../lib/config/read-config.ts'
import { Secrets } from '../../lib/config/secrets.ts'
import { readme } from './readme.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const text = readFileSync(readme, 'utf8')

const blocksOf = (language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map(([, block = '']) => block)

describe('The snippets of README.md', () => {
  it('compile, as they stand, against the public names', () => {
    // The others are the one line of the README, with dots for its options.
    const snippets = blocksOf('ts').filter(snippet => snippet.startsWith('import '))
    expect(snippets.length).to.be.at.least(5)
    const files = new Map(snippets.map((snippet, i) => [join(root, 'examples', `snippet-${i}.ts`), snippet]))
    expect(faultsIn(files)).to.deep.equal([])
  }).timeout(60_000)

  it('are configuration files without a fault', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-docs-'))
    try {
      const snippets = blocksOf('yaml')
      expect(snippets.length).to.be.at.least(2)
      for (const snippet of snippets) {
        const file = join(folder, 'config.yaml')
        writeFileSync(file, snippet)
        const environment = { API_TOKEN: 'token', HOSTNAME: 'here' }
        const { http } = await readConfig(file, { environment, secrets: new Secrets() })
        expect(http.url).to.match(/^https?:/)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

function faultsIn(files: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as { config: object }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const paths = { spillway: [join(root, 'lib/index.ts')], 'spillway/testing': [join(root, 'lib/testing.ts')] }
  const all = { ...options, paths }
  const host = ts.createCompilerHost(all)
  const { getSourceFile, fileExists } = host
  host.fileExists = name => files.has(name) || fileExists(name)
  host.getSourceFile = (name, version, ...rest) => {
    const snippet = files.get(name)
    return snippet === undefined
      ? getSourceFile.call(host, name, version, ...rest)
      : ts.createSourceFile(name, snippet, version)
  }
  const program = ts.createProgram([...files.keys()], all, host)
  return [...files.keys()].flatMap(name => {
    const source = program.getSourceFile(name)
    const faults = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    return faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
  })
}
