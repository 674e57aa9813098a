import { expect } from 'chai'
import { exitCode } from '../../lib/cli/exit-code.ts'

const nothing = { stored: 0, refused: 0, abandoned: 0 }

describe('exitCode', () => {
  const table: ReadonlyArray<readonly [string, number, Partial<Parameters<typeof exitCode>[0]>]> = [
    ['0 when everything was delivered', 0, {}],
    ['3 when records were stored', 3, { stats: { ...nothing, stored: 1 } }],
    ['4 when some of the stored were refused', 4, { stats: { ...nothing, stored: 2, refused: 1 } }],
    ['4 when lines were damaged', 4, { damaged: 1 }],
    ['130 after SIGINT', 130, { signal: 'SIGINT' }],
    [
      '143 after SIGTERM, though records were stored and refused',
      143,
      {
        signal: 'SIGTERM',
        stats: { ...nothing, stored: 2, refused: 1 },
        damaged: 1
      }
    ],
    ['129 after SIGHUP', 129, { signal: 'SIGHUP' }],
    [
      '5 when records were abandoned, whatever else',
      5,
      {
        signal: 'SIGINT',
        stats: { stored: 1, refused: 1, abandoned: 1 },
        damaged: 1
      }
    ],
    ['5 when a stream, the storage or the input failed', 5, { failed: true, signal: 'SIGTERM' }]
  ]
  for (const [title, code, outcome] of table) {
    it(`is ${title}`, () => {
      expect(exitCode({ stats: nothing, damaged: 0, failed: false, ...outcome })).to.equal(code)
    })
  }
})
