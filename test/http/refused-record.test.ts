import { expect } from 'chai'
import { described, withoutSecrets } from '../../lib/http/refused-record.ts'

describe('described', () => {
  it('keeps a text and bytes as they are', () => {
    expect(described('a')).to.equal('a')
    expect(Buffer.from(described(Buffer.from('b')) as Uint8Array).toString()).to.equal('b')
  })

  it('keeps the JSON text, or else what can be shown', () => {
    expect(described({ a: 1 })).to.equal('{"a":1}')
    expect(described({ a: 1n })).to.equal('{ a: 1n }')
    expect(described(Symbol('s'))).to.equal('Symbol(s)')
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    expect(described(cycle)).to.contain('Circular')
  })

  it('says at least what it was where nothing can be shown', () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('no')
        },
        ownKeys() {
          throw new Error('no')
        }
      }
    )
    expect(described(hostile)).to.be.a('string')
  })
})

describe('withoutSecrets', () => {
  const shown = (record: unknown): string => String(described(withoutSecrets(record)))

  it('R16 leaves out the password of a URL, and keeps the rest', () => {
    expect(shown('http://me:hunter2@h/a?b@c')).to.equal('http://h/a?b@c')
    expect(shown({ url: 'http://me:hunter2@h/', body: 1 })).to.equal('{"body":1,"url":"http://h/"}')
    expect(shown(new URL('http://me:hunter2@h/a'))).to.equal('http://h/a')
    expect(shown({ url: new URL('http://me:hunter2@h/'), body: 1 })).to.equal('{"body":1,"url":"http://h/"}')
  })

  it('leaves out the headers that hold a secret by their name', () => {
    const record = { url: 'http://h/', headers: { Authorization: 'hunter2', 'x-a': 'b' }, body: { password: 'data' } }
    expect(JSON.parse(shown(record))).to.deep.equal({
      url: 'http://h/',
      headers: { 'x-a': 'b' },
      body: { password: 'data' }
    })
  })

  it('keeps what is no request as it is', () => {
    for (const record of [5, null, ['a'], { headers: { authorization: 'data' } }]) {
      expect(withoutSecrets(record)).to.equal(record)
    }
  })

  it('calls no getter', () => {
    const record = Object.defineProperty({ url: 'http://me:hunter2@h/' }, 'body', {
      enumerable: true,
      get() {
        throw new Error('called')
      }
    })
    expect(shown(record)).to.contain('http://h/').and.not.contain('hunter2')
  })

  it('leaves out headers and a URL that a getter gives', () => {
    const record = {
      url: 'http://h/',
      get headers() {
        return { authorization: 'hunter2' }
      },
      body: 1
    }
    expect(JSON.parse(shown(record))).to.deep.equal({ url: 'http://h/', body: 1 })
    const other = {
      get url() {
        return 'http://me:hunter2@h/'
      },
      body: 1
    }
    expect(JSON.parse(shown(other))).to.deep.equal({ body: 1 })
  })

  it('changes nothing of the record', () => {
    const record = { url: 'http://me:hunter2@h/', headers: { cookie: 'hunter2' } }
    withoutSecrets(record)
    expect(record).to.deep.equal({ url: 'http://me:hunter2@h/', headers: { cookie: 'hunter2' } })
  })
})
