import { expect } from 'chai'
import { type Format, type FormatName, formatNamed } from '../../lib/http/format.ts'

const body = (format: Format, ...records: unknown[]): string =>
  Buffer.from(format.join(records.map(record => format.encode(record)))).toString()

const one = (name: FormatName): Format => formatNamed(name, 1)
const bytes = Buffer.from([0x7b, 0xff, 0x7d])

describe('the format json', () => {
  it('sends one record as its text', () => {
    expect(body(one('json'), { a: 1 })).to.equal('{"a":1}')
  })

  it('sends a batch as an array, one record too', () => {
    expect(body(formatNamed('json', 2), { a: 1 })).to.equal('[{"a":1}]')
    expect(body(formatNamed('json', 2), 1, 'b', null, [2])).to.equal('[1,"b",null,[2]]')
  })

  it('sends a batch that was stored as an array without batches', () => {
    expect(body(one('json'), 1, 2)).to.equal('[1,2]')
  })

  it('takes bytes for a text that is JSON already', () => {
    expect(body(formatNamed('json', 2), Buffer.from('{"a":1}'), 2)).to.equal('[{"a":1},2]')
  })

  it('R09 writes NaN and Infinity as null', () => {
    expect(body(one('json'), [NaN, Infinity])).to.equal('[null,null]')
  })

  for (const record of [undefined, () => 1, Symbol('s')]) {
    const what = record === undefined ? 'undefined' : `a ${typeof record}`
    it(`R03 refuses ${what}`, () => {
      expect(() => one('json').encode(record)).to.throw(TypeError, `${what} has no JSON text`)
    })
  }

  it('R05 R06 R07 R08 throws for a BigInt, a cycle, a throwing getter and what is too deep', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const getter = {
      get a() {
        throw new Error('no')
      }
    }
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    for (const record of [{ a: 1n }, cycle, getter, deep]) expect(() => one('json').encode(record)).to.throw()
  })

  it('copies bytes', () => {
    const given = Buffer.from('[1]')
    const taken = one('json').encode(given)
    given.fill(0)
    expect(Buffer.from(taken as Uint8Array).toString()).to.equal('[1]')
  })

  it('says what it is', () => {
    expect(one('json').contentType).to.equal('application/json')
    expect(formatNamed('json', 2).contentType).to.equal('application/json')
  })
})

describe('the format ndjson', () => {
  it('ends every line, one record too', () => {
    expect(body(one('ndjson'), { a: 1 })).to.equal('{"a":1}\n')
    expect(body(formatNamed('ndjson', 9), 1, 2)).to.equal('1\n2\n')
  })

  it('says what it is', () => {
    expect(one('ndjson').contentType).to.equal('application/x-ndjson')
  })
})

describe('the format text', () => {
  it('R01 sends a text as it is, an empty one too', () => {
    expect(body(one('text'), 'grün')).to.equal('grün')
    expect(body(one('text'), '')).to.equal('')
  })

  it('sends bytes as they are', () => {
    expect(Buffer.from(one('text').join([one('text').encode(bytes)]))).to.deep.equal(bytes)
  })

  it('separates the lines of a batch', () => {
    expect(body(formatNamed('text', 9), 'a', Buffer.from('b'), 'c')).to.equal('a\nb\nc')
  })

  it('R04 refuses what is neither text nor bytes', () => {
    for (const record of [1, {}, true, null])
      expect(() => one('text').encode(record)).to.throw(TypeError, 'string or bytes')
  })

  it('R10 refuses a lone surrogate', () => {
    expect(() => one('text').encode('a\ud800')).to.throw(TypeError, 'lone surrogate')
  })

  it('says what it is', () => {
    expect(one('text').contentType).to.equal('text/plain; charset=utf-8')
  })
})

describe('the format form', () => {
  it('sends the fields of an object, a list as the same field again', () => {
    expect(body(one('form'), { a: 'x y', b: [1, 2], c: true, d: null })).to.equal('a=x+y&b=1&b=2&c=true&d=')
  })

  it('refuses what is no object, and a field that has no text', () => {
    for (const record of ['a', 1, null])
      expect(() => one('form').encode(record)).to.throw(TypeError, 'must be an object')
    for (const value of [{}, 1n, undefined, () => 1]) {
      expect(() => one('form').encode({ a: value })).to.throw(TypeError, 'the form field a')
    }
  })

  it('R10 refuses a lone surrogate', () => {
    expect(() => one('form').encode({ a: '\udfff' })).to.throw(TypeError, 'lone surrogate')
  })

  it('says what it is', () => {
    expect(one('form').contentType).to.equal('application/x-www-form-urlencoded')
  })
})

describe('a body of bytes and texts', () => {
  it('keeps bytes that are not UTF-8', () => {
    const joined = formatNamed('ndjson', 2).join([bytes, 'é'])
    expect(Buffer.from(joined)).to.deep.equal(Buffer.concat([bytes, Buffer.from('\né\n')]))
  })
})
