import { expect } from 'chai'
import { keyIn } from '../../../lib/storage/file/key.ts'
import { lineBytes } from '../../../lib/storage/line-bytes.ts'

const envelope = (id: string, version: string): Buffer =>
  Buffer.from(
    `{"v":1,"id":${id},"version":${version},"acceptedAt":1,"records":[],"method":"POST","url":"","headers":{},"attempts":1,"outcome":"exhausted"}`
  )

describe('keyIn', () => {
  for (const [id, version, expected] of [
    ['"a"', '31', 31],
    ['"a\\"b"', '2', 2],
    ['"a"', '31e3', 31_000],
    ['"a"', '3.0', 3],
    ['"a"', '7 ', 7]
  ] as const) {
    it(`reads the key of ${id} in version ${version}`, () => {
      const bytes = envelope(id, version)
      const key = keyIn(lineBytes(bytes), 0, bytes.length)
      expect(key).to.include({ id: JSON.parse(id) as string, version: expected })
    })
  }

  it('gives nothing below the version that is asked for', () => {
    const bytes = envelope('"a"', '31')
    expect(keyIn(lineBytes(bytes), 0, bytes.length, 32)).to.equal(undefined)
    expect(keyIn(lineBytes(bytes), 0, bytes.length, 31)).to.include({ version: 31 })
  })

  for (const version of ['-1', '"1"', 'x', '1.5', '']) {
    it(`takes nothing for an envelope whose version is ${version}`, () => {
      const bytes = envelope('"a"', version)
      expect(keyIn(lineBytes(bytes), 0, bytes.length)).to.equal(undefined)
    })
  }
})
