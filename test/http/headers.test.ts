import { expect } from 'chai'
import { checkedHeaders } from '../../lib/http/headers.ts'

describe('checkedHeaders', () => {
  it('gives the names in lower case', () => {
    expect(checkedHeaders({ 'X-A': '1', AUTHORIZATION: 'x' })).to.deep.equal({ 'x-a': '1', authorization: 'x' })
  })

  it('keeps a function, and does not call it', () => {
    const secret = (): string => {
      throw new Error('called')
    }
    expect(checkedHeaders({ authorization: secret }).authorization).to.equal(secret)
  })

  it('takes Latin-1, spaces, tabs and nothing', () => {
    expect(checkedHeaders({ a: 'é ü\t.', b: '' })).to.deep.equal({ a: 'é ü\t.', b: '' })
  })

  for (const value of ['a\r\nb: c', 'a\nb', 'a\rb', 'a\0b', '\x7f', '€', '日本']) {
    it(`R20 R21 refuses the value ${JSON.stringify(value)} without quoting it`, () => {
      expect(() => checkedHeaders({ 'X-Secret': value }))
        .to.throw(TypeError, 'the header x-secret has a character')
        .with.property('message')
        .that.does.not.contain(value)
    })
  }

  for (const name of ['', 'a b', 'a:', 'ä', 'a\n', '(x)']) {
    it(`R21 refuses the name ${JSON.stringify(name)}`, () => {
      expect(() => checkedHeaders({ [name]: 'x' })).to.throw(TypeError, "a header's name must be a token")
    })
  }

  const framing = [
    'Host',
    'content-length',
    'Transfer-Encoding',
    'connection',
    'Expect',
    'upgrade',
    'keep-alive',
    'TE',
    'trailer'
  ]
  for (const name of framing) {
    it(`R21 leaves ${name} to the client`, () => {
      expect(() => checkedHeaders({ [name]: 'x' })).to.throw(TypeError, 'made by the client itself')
    })
  }

  for (const value of [1, true, null, undefined, ['a'], {}]) {
    it(`refuses ${JSON.stringify(value) ?? 'undefined'} for a value`, () => {
      expect(() => checkedHeaders({ a: value as never })).to.throw(TypeError, 'the header a must be a string')
    })
  }
})
