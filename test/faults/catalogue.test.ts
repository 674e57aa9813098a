import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { rowsWithoutTest } from './rows-without-test.ts'

// The faults that this library has to stand, by their letters: of the endpoint, of records, of streams, of storages, of the
// process, of configuration.
const catalogue = `
  E01 E02 E03 E04 E05 E06 E07 E08 E09 E10 E11 E12 E15 E16 E17 E18 E19 E20 E22 E23 E24 E25 E26 E27 E28
  E29 E30 E31 E32 E33 E35 E36 E37 E38 E39 E40 E41 E42 E43 E44 E45 E48 E49 E50 E52 E53 E54 E56 E58
  E59 E60 E61 E62 E63 E64 E65 E66 E67 E68 E69 E70 E71 E72 E73 E75 E76 E77 E78 E79 E80 E82 E83 E84 E85 E86
  R01 R02 R03 R04 R05 R06 R07 R08 R09 R10 R11 R14 R15 R16 R18 R19 R20 R21 R23 R24
  S01 S02 S04 S05 S07 S08 S09 S10 S11 S12 S13 S14 S17 S18 S19 S20 S21 S22
  T01 T02 T03 T04 T05 T06 T07 T08 T09 T11 T12 T13 T14 T15 T17 T19 T20 T21 T23 T24 T25 T26 T27 T28 T29 T31 T32
  T33 T34 T35 T36 T37 T38 T39 T40 T41 T43 T44 T46 T48 T49 T50 T51 T52 T53 T54 T55 T56 T57 T58 T59 T60 T61 T62
  P01 P02 P04 P05 P06 P07 P08 P10 P12 P13 P14
  C01 C02 C03 C04 C05 C07 C08 C09 C10 C11 C12 C14 C15 C17 C18 C19 C20 C21 C22
`
  .trim()
  .split(/\s+/)

const root = fileURLToPath(new URL('../', import.meta.url))

/** The rows that titles begin with, `it('E01 …'` or `it('T14 T24 …'`, or that stand alone in a table of titles. */
function testedRows(): Set<string> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  const texts = files.filter(file => !file.includes('catalogue')).map(file => readFileSync(root + file, 'utf8'))
  const titles = texts.flatMap(text => [...text.matchAll(/['"`]((?:[A-Z]\d\d )*[A-Z]\d\d)(?=[ '"`])/g)])
  return new Set(titles.flatMap(([, rows]) => rows!.split(' ')))
}

describe('the catalogue of faults', () => {
  it('has a test or a reason for every row', () => {
    const tested = testedRows()
    expect(catalogue.filter(row => !tested.has(row) && rowsWithoutTest[row] === undefined)).to.deep.equal([])
  })

  it('has a reason only for rows that have no test', () => {
    const tested = testedRows()
    expect(Object.keys(rowsWithoutTest).filter(row => tested.has(row) || !catalogue.includes(row))).to.deep.equal([])
  })
})
