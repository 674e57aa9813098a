import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { within } from '../../support/waiting.ts'

/** How a child ended. */
export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly errors: string
}

/**
 * A program in a process of its own that has loaded all that it needs and waits for the one line that says what to do: so the
 * next is made while one is at work, and a kill hits the work, not the loading.
 */
export class WarmChild {
  /** The lines that it printed so far; what a kill cut short is no line. */
  readonly lines: string[] = []
  readonly ended: Promise<ChildEnd>
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #ready: Promise<unknown>
  readonly #heard = new Set<() => void>()
  #isOver = false
  #text = ''

  constructor(program: string, nodeOptions: readonly string[] = []) {
    this.#process = spawn(process.execPath, [...nodeOptions, program], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' }
    })
    this.#process.stdin.on('error', () => {})
    this.#process.stdout.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
    this.ended = this.#end()
    this.#ready = Promise.race([once(this.#process.stdout, 'data'), this.ended])
  }

  get pid(): number {
    return this.#process.pid!
  }

  /** Says what to do. */
  async go(task: object): Promise<void> {
    await this.#ready
    this.#process.stdin.write(`${JSON.stringify(task)}\n`)
  }

  /** Ends it at once, wherever it is. */
  async kill(): Promise<ChildEnd> {
    this.#process.kill('SIGKILL')
    return this.ended
  }

  /** How it ended by itself; one that does not is said to hang. */
  async end(atMost = 60_000): Promise<ChildEnd> {
    return within(this.ended, `the end of a child that said ${this.lines.at(-1)}`, atMost)
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** The number in the last line that starts so, 0 when there is none. */
  last(start: string): number {
    const line = this.lines.findLast(each => each.startsWith(`${start} `))
    return line === undefined ? 0 : Number(line.slice(start.length + 1))
  }

  /** Resolves when the number in the last line that starts so is at least that, or the child has ended. */
  async until(start: string, number: number, atMost = 30_000): Promise<void> {
    while (this.last(start) < number && !this.#isOver) {
      const heard = new Promise<void>(resolve => this.#heard.add(resolve))
      await within(heard, `${start} ${number} of a child that said ${this.lines.at(-1)}`, atMost)
    }
  }

  #hear(text: string): void {
    const lines = (this.#text + text).split('\n')
    this.#text = lines.pop()!
    this.lines.push(...lines)
    this.#wake()
  }

  #wake(): void {
    for (const heard of this.#heard) heard()
    this.#heard.clear()
  }

  async #end(): Promise<ChildEnd> {
    let errors = ''
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
    const [code, signal] = (await once(this.#process, 'close')) as [number | null, NodeJS.Signals | null]
    this.#isOver = true
    this.#wake()
    return { code, signal, errors }
  }
}

/** What a `WarmChild` is to do, in the child itself. */
export async function taskGiven<T>(): Promise<T> {
  const lines = createInterface(process.stdin)
  process.stdout.write('ready\n')
  const [line] = (await once(lines, 'line')) as [string]
  return JSON.parse(line) as T
}
