import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Bug, Net } from './bugs.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const copied = [
  'lib',
  'test',
  'examples',
  'package.json',
  'tsconfig.json',
  '.mocharc.json',
  'README.md',
  'ARCHITECTURE.md'
]

/** How the tests of a net ended. */
export interface Catch {
  readonly passed: number
  /** Title and message of what failed. */
  readonly failed: readonly string[]
  readonly skipped: number
  readonly output: string
}

/** The text of a file with the bug in it. Throws when what the bug replaces does not stand there, exactly once. */
export function withBug(text: string, { name, file, was, is }: Bug): string {
  const parts = text.split(was)
  if (parts.length === 2) return parts.join(is)
  throw new Error(`The bug "${name}" replaces what stands ${parts.length - 1} times in ${file}: ${was}`)
}

export function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

/** A copy of the library and its tests, to be damaged. */
export class PatchedCopy {
  readonly #path: string

  constructor() {
    this.#path = join(root, '.cache/machines/nets')
    rmSync(this.#path, { recursive: true, force: true })
    mkdirSync(this.#path, { recursive: true })
    for (const name of copied) cpSync(join(root, name), join(this.#path, name), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(this.#path, 'node_modules'))
  }

  /** Runs `task` while the bug is in. */
  async with<T>(bug: Bug, task: () => Promise<T>): Promise<T> {
    const file = join(this.#path, bug.file)
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, withBug(text, bug))
    try {
      return await task()
    } finally {
      writeFileSync(file, text)
    }
  }

  /** Runs the tests of a net, up to the first that fails. */
  run([file, title]: Net): Catch {
    const mocha = join(root, 'node_modules/mocha/bin/mocha.js')
    const only = title === undefined ? [] : ['--fgrep', title]
    // As `npm test` runs them, whatever this run was told.
    const { SPILLWAY_LONG: _long, INDEX: _index, ...env } = process.env
    const report = join(this.#path, 'report.json')
    rmSync(report, { force: true })
    const reporting = ['--bail', '--reporter', 'json', '--reporter-option', `output=${report}`]
    const { stdout, stderr } = spawnSync(process.execPath, [mocha, file, ...only, ...reporting], {
      cwd: this.#path,
      encoding: 'utf8',
      env: { ...env, SEED: '1' },
      timeout: 300_000,
      maxBuffer: 2 ** 28
    })
    return { ...counted(report), output: stdout.slice(-2_000) + stderr.slice(-2_000) }
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true })
  }
}

function counted(file: string): Omit<Catch, 'output'> {
  // One that does not even load leaves no report: that is no catch.
  if (!existsSync(file)) return { passed: 0, failed: [], skipped: 0 }
  const report = JSON.parse(readFileSync(file, 'utf8')) as {
    stats: { passes: number; pending: number }
    failures: Array<{ fullTitle: string; err: { message?: string } }>
  }
  const { passes, pending } = report.stats
  return {
    passed: passes,
    skipped: pending,
    failed: report.failures.map(({ fullTitle, err }) => `${fullTitle}: ${err.message}`)
  }
}
