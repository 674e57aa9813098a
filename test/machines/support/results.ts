import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Counts } from './machine.ts'

/** What the machines did in their last long runs, by name: RELIABILITY.md is made from it. */
export const resultsFile = new URL('../results.json', import.meta.url)

/** A run of a machine. */
export interface Result {
  readonly date: string
  readonly node: string
  readonly counts: Counts
}

export function results(): Record<string, Result> {
  return existsSync(resultsFile) ? (JSON.parse(readFileSync(resultsFile, 'utf8')) as Record<string, Result>) : {}
}

export function keepResult(name: string, counts: Counts): void {
  const kept = { ...results(), [name]: { date: new Date().toISOString().slice(0, 10), node: process.version, counts } }
  const sorted = Object.fromEntries(Object.entries(kept).sort(([a], [b]) => a.localeCompare(b)))
  writeFileSync(resultsFile, JSON.stringify(sorted, undefined, 2) + '\n')
}
