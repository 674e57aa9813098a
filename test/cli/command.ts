import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { FileStorage } from '../../lib/storage/file-storage.ts'
import { compiledCommand } from '../support/compiled-command.ts'
import { paused } from '../support/waiting.ts'

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
  // It may have ended before all that it wrote has come.
  readonly #closed: Promise<void>

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
    this.#closed = new Promise(resolve => this.process.once('close', () => resolve()))
  }

  async result(): Promise<Result> {
    await this.#closed
    return { code: this.process.exitCode, stdout: this.stdout, stderr: this.stderr }
  }

  /** Waits until a signal does what the command does about it, where the system tells, else for a moment. */
  async handlesSignals(): Promise<void> {
    if (!existsSync('/proc/self/status')) return paused(1_000)
    // SIGHUP is the last one: SIGINT and SIGTERM are handled by every Node, to reset the terminal.
    const handles = async (): Promise<boolean> => {
      const status = await readFile(`/proc/${this.process.pid}/status`, 'utf8')
      return (BigInt(`0x${/^SigCgt:\s+(\w+)$/m.exec(status)![1]}`) & 1n) === 1n
    }
    while (!(await handles())) await paused(10)
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

  /** Waits until a file storage or journal there has so many entries, whoever uses it. */
  async untilEntries(name: string, isSo: (entries: number) => boolean): Promise<void> {
    const entries = async (): Promise<number> => {
      const storage = new FileStorage({ path: join(this.path, name) })
      return (await storage.report()).entries
    }
    while (!isSo(await entries().catch(() => 0))) await paused(20)
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
