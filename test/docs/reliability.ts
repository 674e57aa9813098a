import { bugsFound } from '../machines/bugs-found.ts'
import type { Result } from '../machines/support/results.ts'
import { rowsWithoutTest } from '../faults/rows-without-test.ts'
import { type FaultResults, rowsIn } from '../support/fault-results.ts'
import { durability } from './durability.ts'
import { machineTexts } from './machines.ts'
import { table } from './options-table.ts'

/** Where the page is. */
export const reliabilityPage = new URL('../../RELIABILITY.md', import.meta.url)

/** What the page is made from, beside what is written in the files beside this one. */
export interface ReliabilityInput {
  readonly results: Readonly<Record<string, Result>>
  readonly faults: FaultResults
}

/** The whole page. */
export function reliabilityText({ results, faults }: ReliabilityInput): string {
  return [
    '# Reliability',
    '<!-- Made by test/docs/write-reliability.ts from what the last long run found. -->',
    'What can be lost and what cannot, how that is tested, and what the tests have found. The words and the promises are those of [ARCHITECTURE.md](ARCHITECTURE.md).',
    '## What can be lost',
    table(['Level', 'A record is acknowledged', 'A crash of the process loses', 'A crash of the machine loses'], durability),
    'Nothing helps against a disk that says of something that it is durable, and it is not. A disk that changes what was written costs the damaged lines, which are reported and kept aside, and no others. What was removed may come back after a crash of the machine: it is then delivered once more, under the same idempotency key. A stream that is destroyed abandons what it holds, and says so; a journal keeps that.',
    '## The machines',
    'Each runs a little of what it can with `npm test`, and all of it with `npm run test:long`. What fails prints the command that repeats it. The counts are those of the last long run.',
    machinesTable(results),
    '## The faults',
    'Rows of the catalogue by which this library was built: E endpoint, R records, S streams, T storages, P process, C configuration and security. A test stands for a row when its title begins with it.',
    faultsTable(faults),
    '## What was found',
    'Bugs that these tests found in this library, each with the test that met it first and the test that keeps it away.',
    table(
      ['Bug', 'Found by', 'Kept away by'],
      bugsFound.map(({ what, foundBy, file, test }) => [what, foundBy, `${file}, “${test.replaceAll('`', '')}”`])
    )
  ].join('\n\n') + '\n'
}

function machinesTable(results: ReliabilityInput['results']): string {
  const rows = machineTexts.flatMap(({ name, folder, does }) => {
    const own = Object.entries(results).filter(([result]) => result === name || result.startsWith(`${name}, `) || result.startsWith(`${name} `))
    if (own.length === 0) return [[name, does, 'no long run yet', `test/machines/${folder}/`]]
    return own.map(([result, { counts, date, node }], i) => [
      result,
      i === 0 ? does : '',
      `${countsText(counts)} (${date}, Node ${node.slice(1)})`,
      i === 0 ? `test/machines/${folder}/` : ''
    ])
  })
  return table(['Machine', 'What it does', 'Last counts', 'Where'], rows)
}

function countsText(counts: Result['counts']): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count.toLocaleString('en-US')} ${what}`)
    .join(', ')
}

interface RowResult {
  readonly first: string
  tests: number
  failed: number
}

function faultsTable(faults: FaultResults): string {
  const rows = new Map<string, RowResult>()
  for (const [file, titles] of Object.entries(faults)) {
    for (const [title, state] of Object.entries(titles)) {
      for (const row of rowsIn(title)) {
        const result = rows.get(row) ?? { first: `${withoutRows(title)} (${file})`, tests: 0, failed: 0 }
        result.tests++
        if (state === 'failed') result.failed++
        rows.set(row, result)
      }
    }
  }
  const tested = [...rows].map(([row, { first, tests, failed }]) => [
    row,
    tests === 1 ? first : `${first}, and ${tests - 1} more`,
    failed === 0 ? 'passed' : `${failed} failed`
  ])
  const untested = Object.entries(rowsWithoutTest).map(([row, reason]) => [row, `no test: ${reason}`, '–'])
  return table(['Row', 'Test', 'Result'], [...tested, ...untested].sort(byRow))
}

const withoutRows = (title: string): string => title.replace(/^(?:[A-Z]\d\d )+/, '')

const letters = 'ERSTPC'
const place = (row: string): number => letters.indexOf(row[0]!) * 100 + Number(row.slice(1))
const byRow = ([a]: readonly string[], [b]: readonly string[]): number => place(a!) - place(b!)
