import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { compiledCommand } from '../support/compiled-command.ts'

// So started, root has the rights of whoever owns a file, and no more.
const withoutRights = ['setpriv', '--bounding-set=-dac_override,-dac_read_search,-fowner']

/** What a command wrote, and how it ended. */
export interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command line that runs in a process of its own. */
export class RunningCommand {
  readonly process: ChildProcessByStdio<Writable, Readable, Readable>
  stdout = ''
  stderr = ''

  /** `starter`: what starts it, and how. */
  constructor(
    folder: string,
    args: readonly string[],
    environment: Record<string, string>,
    starter: readonly string[] = []
  ) {
    const { PATH, HOME } = process.env
    const [program, ...rest] = [...starter, process.execPath, compiledCommand(), ...args]
    this.process = spawn(program!, rest, {
      cwd: folder,
      env: { PATH, HOME, ...environment },
      stdio: ['pipe', 'pipe', 'pipe']
    })
    this.process.stdin.on('error', () => {})
    this.process.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()))
    this.process.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()))
  }

  async result(): Promise<Result> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'close')
    return { code: this.process.exitCode, stdout: this.stdout, stderr: this.stderr }
  }
}

/** A folder to run commands in. Its processes end with it. */
export class CommandFolder {
  readonly path: string
  readonly #commands: RunningCommand[] = []

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<CommandFolder> {
    return new CommandFolder(await mkdtemp(join(tmpdir(), 'spillway-cli-')))
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    await writeFile(join(this.path, name), content)
  }

  start(args: readonly string[], environment: Record<string, string> = {}): RunningCommand {
    const command = new RunningCommand(this.path, args, environment)
    this.#commands.push(command)
    return command
  }

  /** Runs a command to its end, with nothing or `input` on its standard input. */
  async run(args: readonly string[], environment?: Record<string, string>, input = ''): Promise<Result> {
    const command = this.start(args, environment)
    command.process.stdin.end(input)
    return command.result()
  }

  /** Starts a command for which rights count: root has all. */
  startWithoutRights(args: readonly string[]): RunningCommand {
    const command = new RunningCommand(this.path, args, {}, process.getuid?.() === 0 ? withoutRights : [])
    this.#commands.push(command)
    return command
  }

  /** Everything that stands in files below, with their names. */
  async contents(): Promise<string> {
    const entries = await readdir(this.path, { recursive: true, withFileTypes: true })
    const files = entries.filter(entry => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
    const texts = await Promise.all(files.map(async file => `${file}\n${await readFile(file, 'latin1')}`))
    return texts.join('\n')
  }

  async remove(): Promise<void> {
    for (const { process } of this.#commands) {
      if (process.exitCode !== null || process.signalCode !== null) continue
      process.kill('SIGKILL')
      await once(process, 'close')
    }
    await rm(this.path, { recursive: true })
  }
}

/** The one line that `run` and `replay` print. */
export function reportIn({ stdout }: Result): Record<string, number> & { signal?: string } {
  const lines = stdout.split('\n')
  if (lines.length !== 2 || lines[1] !== '') throw new Error(`expected one line, got ${JSON.stringify(stdout)}`)
  return JSON.parse(lines[0]!) as Record<string, number>
}

/** `count` lines of ndjson. */
export function ndjson(count: number): string {
  return Array.from({ length: count }, (_, id) => `{"id":${id}}\n`).join('')
}

/** Waits for something that must come about; the test's time is the limit. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise(resolve => setTimeout(resolve, 10))
}
