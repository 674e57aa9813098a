import { fileURLToPath } from 'node:url'
import { relative } from 'node:path'
import { keepResult } from './results.ts'

/** Whether the machines run for as long as it takes: `npm run test:long`. */
export const isLong = process.env.SPILLWAY_LONG === '1'

/** What a machine did: how many of what. */
export type Counts = Readonly<Record<string, number>>

const root = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * A test that makes its cases from a seed, as many as the tier asks for. What fails says the command that repeats just that:
 * `SEED` and `INDEX` are read from the environment.
 */
export class Machine {
  readonly name: string
  readonly seed: number
  readonly #file: string
  readonly #only: number | undefined

  /** `url` is the test file's. */
  constructor(name: string, url: string) {
    this.name = name
    this.#file = relative(root, fileURLToPath(url))
    this.seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000)
    this.#only = process.env.INDEX === undefined ? undefined : Number(process.env.INDEX)
  }

  /** How many cases: `quick` in `npm test`, `long` in `npm run test:long`. */
  cases(quick: number, long: number): number {
    return isLong ? long : quick
  }

  /** Runs the cases from 0 on, or the one that was asked for; `atOnce` of them at the same time. */
  async each(cases: number, run: (index: number) => Promise<void>, atOnce = 1): Promise<void> {
    let next = this.#only ?? 0
    const end = this.#only === undefined ? cases : this.#only + 1
    const worker = async (): Promise<void> => {
      while (next < end) await this.#case(next++, run)
    }
    await Promise.all(Array.from({ length: atOnce }, worker)).catch((error: unknown) => {
      next = end
      throw error
    })
  }

  /** Runs cases from 0 on until they have done so much in all; each says how much it did. */
  async until(target: number, run: (index: number) => Promise<number>): Promise<number> {
    let done = 0
    const isOver = (): boolean => done >= target
    const counted = async (index: number): Promise<void> => void (done += await run(index))
    if (this.#only !== undefined) await this.#case(this.#only, counted)
    else for (let index = 0; !isOver(); index++) await this.#case(index, counted)
    return done
  }

  /** A number that is the same for the same seed and case. */
  seedOf(index: number): number {
    return (this.seed + Math.imul(index, 0x9e3779b1)) >>> 0
  }

  /** Prints what it did, and keeps it for RELIABILITY.md after a long run. */
  tell(counts: Counts): void {
    const parts = Object.entries(counts).map(([what, count]) => `${count.toLocaleString('en')} ${what}`)
    console.log(`      ${this.name}: ${parts.join(', ')} (SEED=${this.seed})`)
    if (isLong && this.#only === undefined) keepResult(this.name, counts)
  }

  /** What repeats one case. */
  command(index: number): string {
    const tier = isLong ? 'SPILLWAY_LONG=1 ' : ''
    return `${tier}SEED=${this.seed} INDEX=${index} npx mocha ${this.#file} -g '${this.name}'`
  }

  async #case(index: number, run: (index: number) => Promise<void>): Promise<void> {
    try {
      await run(index)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new Error(`${message}\nTo repeat it: ${this.command(index)}`, { cause: error })
    }
  }
}
