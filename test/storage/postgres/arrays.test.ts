import { expect } from 'chai'
import { textArray } from '../../../lib/storage/postgres/arrays.ts'

describe('textArray', () => {
  it('has a head, and each text with its length in bytes, or -1 for null', () => {
    const head = '00000001 00000001 00000019 00000003 00000001'
    const texts = '00000002 c3a4 ffffffff 00000000'
    expect(textArray(['ä', null, '']).toString('hex')).to.equal((head + texts).replaceAll(' ', ''))
  })
})
