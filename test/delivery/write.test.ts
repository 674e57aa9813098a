import { expect } from 'chai'
import { lastWrite } from '../../lib/delivery/write.ts'

describe('lastWrite', () => {
  const callback = (): void => {}
  const table: Array<[string, unknown[], unknown, unknown]> = [
    ['nothing', [], undefined, undefined],
    ['a callback', [callback], undefined, callback],
    ['a chunk', ['a'], 'a', undefined],
    ['a chunk and a callback', ['a', callback], 'a', callback],
    ['a chunk, an encoding and a callback', ['a', 'utf8', callback], 'a', callback],
    ['null, which Node takes for no chunk', [null, undefined, callback], undefined, callback],
    ['a chunk that is falsy', [0], 0, undefined]
  ]
  for (const [name, given, chunk, called] of table) {
    it(`finds what end() is given: ${name}`, () => {
      expect(lastWrite(...given)).to.deep.equal({ chunk, callback: called })
    })
  }
})
