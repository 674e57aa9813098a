import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { compiled } from './compiled.ts'
import type { LedgerStats } from './ledger.ts'
import type { OracleCommand, OraclePlan } from './oracle-process.ts'

export type { LedgerStats, OraclePlan }

/** The endpoint of `oracle-process.ts`, and the questions to it. */
export class Oracle {
  readonly port: number
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  #turn: Promise<unknown> = Promise.resolve()

  constructor(port: number, child: ChildProcess, lines: AsyncIterator<string>) {
    this.port = port
    this.#child = child
    this.#lines = lines
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get url(): string {
    return `${this.origin}/sink`
  }

  stats(): Promise<LedgerStats & { rss: number }> {
    return this.#ask({ command: 'stats' })
  }

  /** Which of the ids `prefix0` to `prefix<n-1>` never came: how many, and the first of them. */
  missing(n: number, prefix = '', samples = 20): Promise<{ count: number; ids: string[] }> {
    return this.#ask({ command: 'missing', n, prefix, samples })
  }

  /** How often the record of this id was taken. */
  count(id: string | number): Promise<number> {
    return this.#ask({ command: 'count', id })
  }

  /** Changes how it behaves from now on. */
  plan(plan: OraclePlan): Promise<OraclePlan> {
    return this.#ask({ command: 'plan', plan })
  }

  /** Cuts all connections and closes the port. */
  async down(): Promise<void> {
    await this.#ask({ command: 'down' })
  }

  /** Opens the same port again. */
  async up(): Promise<void> {
    await this.#ask({ command: 'up' })
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.stdin!.end()
    await exit
  }

  /** Asks one question at a time: the answers have no name. */
  #ask<T>(command: OracleCommand): Promise<T> {
    const answer = this.#turn.then(async () => {
      this.#child.stdin!.write(`${JSON.stringify(command)}\n`)
      const { value, done } = await this.#lines.next()
      if (done) throw new Error('The oracle ended.')
      return JSON.parse(value) as T
    })
    this.#turn = answer.catch(() => {})
    return answer
  }
}

const script = new URL('./oracle-process.ts', import.meta.url)

/** Starts an oracle; `core` pins it to one (needs `taskset`), `program` is what Node is given, if it is compiled already. */
export async function startOracle(
  plan: OraclePlan = {},
  core?: number,
  program: readonly string[] = [compiled(script)]
): Promise<Oracle> {
  const command = [process.execPath, ...program, JSON.stringify(plan)]
  if (core !== undefined) command.unshift('taskset', '-c', String(core))
  const child = spawn(command[0]!, command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const { value, done } = await lines.next()
  if (done) throw new Error('The oracle did not start.')
  return new Oracle((JSON.parse(value) as { port: number }).port, child, lines)
}
