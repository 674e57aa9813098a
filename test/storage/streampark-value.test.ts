import { expect } from 'chai'
import { envelopeOfValue } from '../../lib/storage/streampark-value.ts'

const place = { id: 'record-7', acceptedAt: 1_700_000_000_000 }

describe('envelopeOfValue', () => {
  it('makes the query of a URL the body, where the method has one', () => {
    const envelope = envelopeOfValue('POST///http://example.com/visit?userId=1&siteId=a%20b', place)
    expect(envelope).to.deep.equal({
      v: 1,
      id: 'record-7',
      version: 1,
      acceptedAt: 1_700_000_000_000,
      method: 'POST',
      url: 'http://example.com/visit',
      headers: {},
      records: ['{"userId":"1","siteId":"a b"}'],
      attempts: 0,
      outcome: 'exhausted'
    })
  })

  it('leaves the query in the URL where the method has no body', () => {
    expect(envelopeOfValue('GET///https://example.com/?a=1', place)).to.include({
      method: 'GET',
      url: 'https://example.com/?a=1'
    })
  })

  it('has an empty body when there is no query', () => {
    expect(envelopeOfValue('DELETE///http://example.com/7', place).records).to.deep.equal([''])
  })

  for (const text of [
    '',
    'http://example.com',
    'GET//http://example.com',
    'HEAD///http://a',
    '{"a":1}',
    'PUT///u?a=%ff'
  ]) {
    it(`shows ${JSON.stringify(text)} as it is, and refused`, () => {
      expect(envelopeOfValue(text, place)).to.deep.include({ outcome: 'refused', records: [text], url: '' })
    })
  }
})
