import { rmSync } from 'node:fs'
import { type Run, runClient } from './rig.ts'
import { hottest, profileFolder } from './profile.ts'

export interface BenchOptions {
  rounds: number
  /** Multiplies the amounts of records: 0.1 for a first look. */
  scale: number
  /** Whether the last round is profiled. */
  profile: boolean
  /** The one that the case `storages` measures; all when it is not given. */
  storage: string | undefined
}

/** One who takes part: which contender of `contenders.ts`, with which settings. */
export interface Entrant {
  contender: string
  settings: object
}

export type Results = Record<string, Run[]>

/** Runs all of them in turn, so many rounds: A B C A B C …, so that what the machine does meets all alike. */
export async function contest(entrants: Record<string, Entrant>, { rounds, profile }: BenchOptions): Promise<Results> {
  const results: Results = Object.fromEntries(Object.keys(entrants).map(name => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, { contender, settings }] of Object.entries(entrants)) {
      results[name]!.push(await runClient(contender, settings))
      progress(`round ${round + 1} of ${rounds}: ${name} ${shortRate(results[name]!.at(-1)!)}`)
    }
  }
  progress('')
  if (profile) for (const [name, entrant] of Object.entries(entrants)) await profiled(name, entrant)
  return results
}

/** Prints median, spread and CPU of each. */
export function printResults(results: Results): void {
  const width = Math.max(...Object.keys(results).map(name => name.length))
  console.log(`  ${''.padEnd(width)}  records/s (min–max)               CPU µs/record`)
  for (const [name, runs] of Object.entries(results)) {
    const rates = runs.map(rate)
    const cpu = median(runs.map(run => run.cpu / run.records))
    const spread = `(${whole(Math.min(...rates))}–${whole(Math.max(...rates))})`
    console.log(`  ${name.padEnd(width)}  ${whole(median(rates)).padStart(9)} ${spread.padEnd(24)} ${cpu.toFixed(1)}`)
  }
}

/** Prints what one does of what the other does, pair by pair, beside what is asked for. */
export function printRatio(results: Results, ours: string, bare: string, target?: number): void {
  const pairs = results[ours]!.map((run, round) => rate(run) / rate(results[bare]![round]!))
  const cpu = results[ours]!.map((run, round) => perRecord(results[bare]![round]!) / perRecord(run))
  const middle = median(pairs)
  const verdict = target === undefined ? '' : `  asked ≥ ${target}: ${middle >= target ? 'met' : 'MISSED'}`
  const spread = `(${Math.min(...pairs).toFixed(3)}–${Math.max(...pairs).toFixed(3)})`
  console.log(`  ${ours} / ${bare}: ${middle.toFixed(3)} ${spread}, by CPU ${median(cpu).toFixed(3)}${verdict}`)
}

export function printFigure(text: string, met?: boolean): void {
  console.log(`  ${text}${met === undefined ? '' : met ? ': met' : ': MISSED'}`)
}

export const rate = (run: Run): number => (run.records / run.ms) * 1000
const perRecord = (run: Run): number => run.cpu / run.records

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

const shortRate = (run: Run): string => `${whole(rate(run))}/s`

async function profiled(name: string, { contender, settings }: Entrant): Promise<void> {
  rmSync(profileFolder, { recursive: true, force: true })
  await runClient(contender, settings, ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`])
  console.log(`  where the time of "${name}" goes, in % of self time:`)
  for (const line of hottest(20)) console.log(`    ${line}`)
}

export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
