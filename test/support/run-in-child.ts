import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { compiled } from './compiled.ts'

/** How a child ended. */
export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What it said to standard error. */
  readonly errors: string
}

/** A TypeScript program of the tests in a process of its own. */
export class Child {
  readonly pid: number
  /** The lines that it printed so far. */
  readonly lines: string[] = []
  readonly ended: Promise<ChildEnd>
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #waiting = new Set<() => void>()

  constructor(script: URL, args: readonly string[], env: NodeJS.ProcessEnv, nodeOptions: readonly string[] = []) {
    this.#process = spawn(process.execPath, [...nodeOptions, compiled(script), ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env }
    })
    this.#process.stdin.on('error', () => {})
    this.pid = this.#process.pid!
    createInterface({ input: this.#process.stdout }).on('line', line => {
      this.lines.push(line)
      this.#wake()
    })
    this.ended = this.#end()
  }

  /** Resolves with the first line that starts so, and rejects when the child ends without one. */
  async line(start: string): Promise<string> {
    let hasEnded = false
    const end = this.ended.then(() => (hasEnded = true))
    for (;;) {
      const found = this.lines.find(line => line.startsWith(start))
      if (found !== undefined) return found
      if (hasEnded) throw new Error(`The child ended without a line "${start}…": ${(await this.ended).errors}`)
      await Promise.race([end, new Promise<void>(resolve => this.#waiting.add(resolve))])
    }
  }

  /** Writes a line to its standard input. */
  tell(line: string): void {
    this.#process.stdin.write(`${line}\n`)
  }

  /** Ends it at once, as `kill -9` does. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.ended
  }

  async #end(): Promise<ChildEnd> {
    let errors = ''
    this.#process.stderr.on('data', (text: Buffer) => (errors += text.toString()))
    const [code, signal] = (await once(this.#process, 'close')) as [number | null, NodeJS.Signals | null]
    return { code, signal, errors }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}

/** Children of a suite: those that still run after a test are ended. */
export function children(): (
  script: URL,
  args: readonly string[],
  env?: NodeJS.ProcessEnv,
  nodeOptions?: readonly string[]
) => Child {
  const started = new Set<Child>()
  afterEach(async () => {
    await Promise.all([...started].map(child => child.kill()))
    started.clear()
  })
  return (script, args, env = {}, nodeOptions = []) => {
    const child = new Child(script, args, env, nodeOptions)
    started.add(child)
    return child
  }
}
