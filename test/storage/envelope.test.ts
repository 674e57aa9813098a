import { expect } from 'chai'
import { Delivery, type DeliveryInit } from '../../lib/delivery.ts'
import { DeliveryError, StorageError } from '../../lib/errors.ts'
import { shutDown } from '../../lib/http/failure.ts'
import { encodeEnvelope, envelopeOf, parseEnvelope, recordsOf } from '../../lib/storage/envelope.ts'
import { isSecretHeader } from '../../lib/storage/secret-headers.ts'
import { answered } from '../support/manual-sender.ts'

const init: DeliveryInit = { id: 'x', method: 'PUT', url: 'http://h/a?b', version: 2, acceptedAt: 1_700_000_000_000 }
const bytes = Buffer.from([0xff, 0x00, 0xfe])

describe('envelopeOf', () => {
  it('holds all that a replay needs', () => {
    const delivery = new Delivery(['{"a":1}', 'b'], { ...init, priorAttempts: 3, headers: { 'x-a': 'b' } })
    expect(envelopeOf(delivery.failed(answered(503)).failed(answered(404)))).to.deep.equal({
      v: 1,
      id: 'x',
      version: 3,
      acceptedAt: 1_700_000_000_000,
      method: 'PUT',
      url: 'http://h/a?b',
      headers: { 'x-a': 'b' },
      records: ['{"a":1}', 'b'],
      attempts: 5,
      firstError: { code: 'SPW_ERR_STATUS', phase: 'answered', status: 503 },
      lastError: { code: 'SPW_ERR_STATUS', phase: 'answered', status: 404 },
      outcome: 'exhausted'
    })
  })

  it('tells apart what was exhausted, refused, ambiguous and shut down', () => {
    const outcomes = [answered(503), answered(400), shutDown(true), shutDown(false)].map(
      error => envelopeOf(new Delivery(['1']).failed(error)).outcome
    )
    expect(outcomes).to.deep.equal(['exhausted', 'refused', 'ambiguous', 'shutdown'])
    expect(envelopeOf(new Delivery(['1'])).outcome).to.equal('shutdown')
  })

  it('holds the time before which the endpoint does not want it', () => {
    const { notBefore } = envelopeOf(new Delivery(['1']).failed(answered(503, { 'retry-after': '1000' })))
    expect(notBefore).to.be.within(Date.now() + 990_000, Date.now() + 1_000_000)
  })

  it('C08 holds no secret header, neither by its name nor as a function', () => {
    const names = [
      'Authorization',
      'cookie',
      'X-Api-Key',
      'apikey',
      'X-Auth-Token',
      'x-signature',
      'x-amz-security-token',
      'x-secret'
    ]
    const headers = Object.fromEntries(names.map(name => [name.toLowerCase(), 'hunter2']))
    const target = { ...new Delivery(['1']).target, headers: { ...headers, 'x-plain': 'a', 'x-made': () => 'hunter2' } }
    const delivery = new Delivery(['1'], {}, target)
    expect(envelopeOf(delivery).headers).to.deep.equal({ 'x-plain': 'a' })
    expect(encodeEnvelope(delivery)).to.not.contain('hunter2')
  })

  it('C17 holds nothing of what the endpoint or the cause said', () => {
    const cause = Object.assign(new Error('Bearer hunter2'), { code: 'ECONNRESET' })
    const error = new DeliveryError('SPW_ERR_NETWORK', 'hunter2', { phase: 'maybe-sent', retryable: true, cause })
    const text = JSON.stringify(envelopeOf(new Delivery(['1']).failed(error)))
    expect(text).to.contain('"reason":"ECONNRESET"').and.not.contain('hunter2')
  })

  it('I6 gives back bytes that are not UTF-8, and those that are', () => {
    const records = ['grün', bytes, Buffer.from('text'), Buffer.from('\ufefftext'), '']
    const back = recordsOf(parseEnvelope(JSON.stringify(envelopeOf(new Delivery(records)))))
    expect(back.map(record => Buffer.from(record as string))).to.deep.equal(
      records.map(record => Buffer.from(record as string))
    )
  })
})

describe('encodeEnvelope', () => {
  const retryAfter = answered(503, { 'retry-after': '1000' })
  const cause = Object.assign(new Error('x'), { code: 'ECONNREFUSED' })
  const refused = new DeliveryError('SPW_ERR_CONNECT', 'x', { phase: 'not-sent', retryable: true, cause })
  const deliveries: Array<[string, Delivery]> = [
    ['a new one', new Delivery(['1'], init)],
    ['one without records', new Delivery([], init)],
    [
      'hostile texts',
      new Delivery(['"\\\n\u2028\ud800', ''], { ...init, id: '"', url: 'http://h/"\\', headers: { 'x-"': '\\' } })
    ],
    ['bytes', new Delivery([bytes, Buffer.from('text')], init)],
    ['one that failed', new Delivery(['1'], init).failed(answered(503))],
    ['one that failed otherwise', new Delivery(['1'], init).failed(answered(503)).failed(refused)],
    ['one that must wait', new Delivery(['1'], init).failed(retryAfter)],
    ['one that was shut down', new Delivery(['1'], init).failed(shutDown(true))]
  ]
  for (const [name, delivery] of deliveries) {
    it(`gives the text of envelopeOf of ${name}, whatever came before`, () => {
      for (const [, before] of deliveries) {
        encodeEnvelope(before)
        expect(JSON.parse(encodeEnvelope(delivery))).to.deep.equal(JSON.parse(JSON.stringify(envelopeOf(delivery))))
      }
    })
  }
})

describe('parseEnvelope', () => {
  const good = envelopeOf(new Delivery(['1'], init))

  it('gives back what was encoded', () => {
    expect(parseEnvelope(JSON.stringify(good))).to.deep.equal(good)
  })

  const bad: Array<[string, string]> = [
    ['what is not JSON', '{'],
    ['an empty text', ''],
    ['null', 'null'],
    ['a number', '5'],
    ['a later version', JSON.stringify({ ...good, v: 2 })],
    ['no version', JSON.stringify({ ...good, v: undefined })],
    ['no id', JSON.stringify({ ...good, id: undefined })],
    ['no records', JSON.stringify({ ...good, records: undefined })],
    ['a version that is none', JSON.stringify({ ...good, version: '1' })],
    ['a version below 1', JSON.stringify({ ...good, version: 0 })],
    ['no time', JSON.stringify({ ...good, acceptedAt: null })],
    ['a record that is neither text nor bytes', JSON.stringify({ ...good, records: ['a', null] })],
    ['bytes that are none', JSON.stringify({ ...good, records: [{ base64: 5 }] })],
    ['no headers', JSON.stringify({ ...good, headers: null })],
    ['a header that is no text', JSON.stringify({ ...good, headers: { a: 1 } })],
    ['a URL that is none', JSON.stringify({ ...good, url: 5 })],
    ['attempts that are none', JSON.stringify({ ...good, attempts: -1 })],
    ['an outcome that there is not', JSON.stringify({ ...good, outcome: 'lost' })],
    ['a last error that is none', JSON.stringify({ ...good, lastError: 'x' })]
  ]
  for (const [name, text] of bad) {
    it(`refuses ${name}`, () => {
      expect(() => parseEnvelope(text))
        .to.throw(StorageError, 'Expected a stored delivery')
        .that.includes({ code: 'SPW_ERR_STORAGE', retryable: false })
    })
  }
})

describe('isSecretHeader', () => {
  for (const name of [
    'authorization',
    'proxy-authorization',
    'cookie',
    'set-cookie',
    'x-api-key',
    'x-access-token',
    'x-jwt',
    'x-password'
  ]) {
    it(`holds for ${name}`, () => {
      expect(isSecretHeader(name)).to.equal(true)
    })
  }
  for (const name of ['content-type', 'x-request-id', 'user-agent', 'idempotency-key', 'x-tenant']) {
    it(`does not hold for ${name}`, () => {
      expect(isSecretHeader(name)).to.equal(false)
    })
  }
})
