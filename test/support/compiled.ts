import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))
const output = join(root, '.cache/compiled/')

/** By program. */
const outputs = new Map<string, string>()

/**
 * The JavaScript of a program of the tests, with all that it imports from here in one file: a process that does not have to
 * load a compiler first, nor a hundred modules, starts in a tenth of the time.
 */
export function compiled(program: URL): string {
  const file = fileURLToPath(program)
  const known = outputs.get(file)
  if (known !== undefined) return known
  const compiledFile = join(output, relative(root, file)).replace(/\.ts$/, '.js')
  const { outputFiles } = buildSync({
    entryPoints: [file],
    outfile: compiledFile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    // That package.json has no side effects is said of the library, not of what tests import for their sake.
    ignoreAnnotations: true,
    // For the measuring of coverage.
    sourcemap: 'inline',
    write: false
  })
  mkdirSync(dirname(compiledFile), { recursive: true })
  replaceFile(compiledFile, outputFiles[0]!.text)
  replaceFile(join(output, 'package.json'), readFileSync(join(root, 'package.json'), 'utf8'))
  outputs.set(file, compiledFile)
  return compiledFile
}

// As a whole: another process may be about to run it.
function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, text)
  renameSync(temporary, path)
}
