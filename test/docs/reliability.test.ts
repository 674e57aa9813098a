import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { bugsFound } from '../machines/bugs-found.ts'
import { results } from '../machines/support/results.ts'
import { faultResults } from '../support/fault-results.ts'
import { machineTexts } from './machines.ts'
import { reliabilityPage, reliabilityText } from './reliability.ts'

const root = new URL('../../', import.meta.url)
const textOf = (file: string): string => readFileSync(new URL(file, root), 'utf8')

describe('RELIABILITY.md', () => {
  it('is made of the last results: else run test/docs/write-reliability.ts', () => {
    expect(readFileSync(reliabilityPage, 'utf8')).to.equal(
      reliabilityText({ results: results(), faults: faultResults() })
    )
  })

  it('says so when there is no result, and when a test of a row failed', () => {
    const faults = { 'a.test.ts': { 'E01 T14 goes on': 'failed', 'E01 ends': 'passed' } } as const
    const text = reliabilityText({ results: {}, faults })
    expect(text).to.include('no long run yet').and.match(/E01 +\| goes on \(a\.test\.ts\), and 1 more +\| 1 failed/)
  })

  it('knows what every machine with results does', () => {
    const known = (name: string): boolean => machineTexts.some(machine => name.startsWith(machine.name))
    expect(Object.keys(results()).filter(name => !known(name))).to.deep.equal([])
  })

  it('names folders of machines that are there', () => {
    for (const { folder } of machineTexts) {
      expect(existsSync(new URL(`test/machines/${folder}`, root)), folder).to.equal(true)
    }
  })

  it('names tests that are there, for every bug that was found', () => {
    for (const { file, test } of bugsFound) expect(textOf(file), file).to.include(test)
  })

  it('tells of results of files that are there', () => {
    for (const file of Object.keys(faultResults())) expect(existsSync(new URL(file, root)), file).to.equal(true)
  })
})
