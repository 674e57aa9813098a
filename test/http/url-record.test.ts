import { expect } from 'chai'
import fc from 'fast-check'
import { bodyFromQuery } from '../../lib/http/url-record.ts'
import { processorTime } from '../support/processor-time.ts'

const bodyOf = (url: string): unknown => JSON.parse(JSON.stringify(bodyFromQuery(url).body ?? null))

describe('bodyFromQuery', () => {
  it('turns the query into texts and cuts it off the URL', () => {
    expect(bodyFromQuery('http://h/record?userId=7&siteId=42').url).to.equal('http://h/record')
    expect(bodyOf('http://h/record?userId=7&siteId=42')).to.deep.equal({ userId: '7', siteId: '42' })
  })

  it('has no body without a query', () => {
    for (const url of ['http://h/a', 'http://h/a?', 'http://h/a#b?c=d'])
      expect(bodyFromQuery(url).body, url).to.equal(undefined)
    expect(bodyFromQuery('http://h/a?').url).to.equal('http://h/a')
  })

  it('keeps an equals sign in a value', () => {
    expect(bodyOf('http://h/?token=YWI=&x==')).to.deep.equal({ token: 'YWI=', x: '=' })
  })

  it('decodes percent escapes and plus signs in names and values', () => {
    expect(bodyOf('http://h/?a%20b=c+d&%C3%A9=%F0%9F%9A%80&p=%2B')).to.deep.equal({ 'a b': 'c d', é: '🚀', p: '+' })
  })

  it('takes a percent sign that is no escape as it is', () => {
    expect(bodyOf('http://h/?a=100%&b=%zz%C3%A9&c=%')).to.deep.equal({ a: '100%', b: '%zzé', c: '%' })
  })

  it('makes a list of a parameter that stands more than once', () => {
    expect(bodyOf('http://h/?a=1&b=x&a=2&a=3')).to.deep.equal({ a: ['1', '2', '3'], b: 'x' })
  })

  it('takes a parameter without a value as an empty text', () => {
    expect(bodyOf('http://h/?a&b=&&=c')).to.deep.equal({ a: '', b: '', '': 'c' })
  })

  it('drops the fragment', () => {
    expect(bodyFromQuery('http://h/?a=1#top?b=2').url).to.equal('http://h/')
    expect(bodyOf('http://h/?a=1#top?b=2')).to.deep.equal({ a: '1' })
  })

  it('C21 keeps a parameter called __proto__ as a parameter', () => {
    expect(JSON.stringify(bodyFromQuery('http://h/?__proto__=x&constructor=y&__proto__=z').body)).to.equal(
      '{"__proto__":["x","z"],"constructor":"y"}'
    )
    expect(({} as Record<string, unknown>).x).to.equal(undefined)
  })

  it('refuses what would be altered: other bytes than UTF-8, a lone surrogate', () => {
    expect(() => bodyFromQuery('http://h/?a=%E9t%E9')).to.throw(TypeError, 'not from UTF-8')
    expect(() => bodyFromQuery('http://h/?a=\ud800')).to.throw(TypeError, 'lone surrogate')
  })

  it('gives back what URLSearchParams has encoded', () => {
    const pairs = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), {
      selector: ([name]) => name,
      minLength: 1
    })
    fc.assert(
      fc.property(pairs, given => {
        const { body } = bodyFromQuery(`http://h/?${new URLSearchParams(given).toString()}`)
        expect(Object.entries(body!).sort()).to.deep.equal(given.map(pair => [...pair]).sort())
      })
    )
  })

  it('C20 takes no more than linear time', () => {
    const time = processorTime(() => {
      bodyFromQuery(`http://h/?a=${'%'.repeat(1_000_000)}`)
      bodyFromQuery(`http://h/?${'%zz'.repeat(300_000)}`)
    })
    expect(time).to.be.below(500)
  })
})
