import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Context } from 'mocha'

/** How the tests whose titles begin with rows of the catalogue of faults ended in the last long run. */
export const faultResultsFile = new URL('../machines/fault-results.json', import.meta.url)

/** By file, then by title. */
export type FaultResults = Record<string, Record<string, 'passed' | 'failed'>>

const root = fileURLToPath(new URL('../../', import.meta.url))
const seen: FaultResults = {}

export function faultResults(): FaultResults {
  return existsSync(faultResultsFile) ? (JSON.parse(readFileSync(faultResultsFile, 'utf8')) as FaultResults) : {}
}

/** The rows that a title begins with. */
export function rowsIn(title: string): string[] {
  return /^(?:[ECRSTP]\d\d )+/.exec(title)?.[0].trim().split(' ') ?? []
}

function note(this: Context): void {
  const { title, file = '', state } = this.currentTest!
  if (rowsIn(title).length === 0) return
  const results = (seen[relative(root, file)] ??= {})
  results[title] = state === 'passed' ? 'passed' : 'failed'
}

// Of files that were loaded now titles that are gone go; those that `-g` left out keep what they had.
function keep(this: Context): void {
  const known = faultResults()
  const loaded: FaultResults = {}
  this.test!.parent!.eachTest(({ title, file = '' }) => {
    const path = relative(root, file)
    const result = seen[path]?.[title] ?? known[path]?.[title]
    if (result !== undefined) (loaded[path] ??= {})[title] = result
  })
  const all = Object.entries({ ...known, ...loaded }).map(([file, results]) => [file, sorted(results)] as const)
  writeFileSync(faultResultsFile, JSON.stringify(sorted(Object.fromEntries(all)), undefined, 2) + '\n')
}

const sorted = <T>(all: Record<string, T>): Record<string, T> =>
  Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)))

export const mochaHooks = process.env.SPILLWAY_LONG === '1' ? { afterEach: [note], afterAll: [keep] } : {}
