import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { paused } from '../waiting.ts'

/** How a server's process is started, and seen to be ready. */
export interface ServerCommand {
  /** What it is called in messages. */
  readonly name: string
  readonly file: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** User and group of the process, for servers that refuse to run as root. */
  readonly uid?: number
  readonly gid?: number
  /** The file that its output is appended to. */
  readonly log: string
  /** Whether it answers. What it throws counts as no. */
  ready(): Promise<boolean>
  /** Milliseconds until it must be ready. @default 60_000 */
  readonly patience?: number
  /** Milliseconds for an orderly stop, before it is killed. @default 5_000 */
  readonly grace?: number
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A server of our own, which may be killed and started again on the same data and the same ports. */
export class ServerProcess {
  readonly #command: ServerCommand
  #child: ChildProcess | undefined

  constructor(command: ServerCommand) {
    this.#command = command
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts it and waits until it is ready. Rejects with the errors in its log, and the end of it. */
  async start(): Promise<void> {
    const { name, ready, patience = 60_000 } = this.#command
    const child = this.#spawned()
    const end = performance.now() + patience
    while (!(await ready().catch(() => false))) {
      if (child.exitCode !== null || child.signalCode !== null) throw await this.#failure(`${name} ended at its start`)
      if (performance.now() > end) {
        await this.kill()
        throw await this.#failure(`${name} was not ready within ${patience} ms`)
      }
      await paused(100)
    }
  }

  /** SIGKILL, and waits for its end. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** SIGTERM, and after a while SIGKILL. */
  async stop(): Promise<void> {
    const child = this.#child
    const timer = setTimeout(() => child?.kill('SIGKILL'), this.#command.grace ?? 5_000)
    await this.#end('SIGTERM')
    clearTimeout(timer)
  }

  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): void {
    this.#child?.kill('SIGSTOP')
  }

  resume(): void {
    this.#child?.kill('SIGCONT')
  }

  #spawned(): ChildProcess {
    const { file, args, env, cwd, uid, gid, log } = this.#command
    const output = openSync(log, 'a')
    const [program, ...rest] = diesWithUs([file, ...args])
    const child = spawn(program!, rest, {
      stdio: ['ignore', output, output],
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid })
    })
    closeSync(output)
    running.add(child)
    child.once('exit', () => running.delete(child))
    // What cannot be started at all is seen by its exit.
    child.once('error', () => running.delete(child))
    child.unref()
    this.#child = child
    return child
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.ref()
    child.kill(signal)
    // A stopped process takes no other signal.
    child.kill('SIGCONT')
    await exit
  }

  async #failure(what: string): Promise<Error> {
    const log = await readFile(this.#command.log, 'utf8').catch(() => '')
    const errors = log.split('\n').filter(line => /ERROR|FATAL|Exception/.test(line))
    return new Error(`${what}: ${errors.slice(0, 5).join('\n')}\n…${log.slice(-2_000)}`)
  }
}

let canBind: boolean | undefined

/** Where the system can, the process is killed when ours is: a server must not outlive a test run that was killed. */
function diesWithUs(command: readonly string[]): readonly string[] {
  if (canBind === undefined) {
    try {
      execFileSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' })
      canBind = true
    } catch {
      canBind = false
    }
  }
  return canBind ? ['setpriv', '--pdeathsig', 'KILL', ...command] : command
}
