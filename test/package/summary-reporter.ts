import { writeFileSync } from 'node:fs'
import Mocha from 'mocha'

/** mocha's `spec`, which also writes the counts of the run, and what failed, to the file of `--reporter-option summary=FILE`. */
export default class SummaryReporter extends Mocha.reporters.Spec {
  readonly #summary: string
  readonly #failures: string[] = []

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options)
    const { summary } = (options.reporterOptions ?? {}) as { summary?: string }
    if (summary === undefined) throw new Error('--reporter-option summary=FILE is missing')
    this.#summary = summary
    runner.on('fail', (test, error: Error) => this.#failures.push(`${test.fullTitle()}: ${error.message}`))
  }

  // mocha calls it after the last test, with the number of failures, and waits for `exit`.
  override done(failures: number, exit?: (failures: number) => void): void {
    const { passes, pending } = this.stats
    writeFileSync(
      this.#summary,
      JSON.stringify({ node: process.version, passed: passes, failed: failures, pending, failures: this.#failures })
    )
    exit?.(failures)
  }
}
