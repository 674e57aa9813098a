import { expect } from 'chai'
import { Delivery } from '../../lib/delivery.ts'
import { DeliveryError } from '../../lib/errors.ts'
import { type HttpOptions, httpSettings } from '../../lib/http/options.ts'
import { Requests } from '../../lib/http/requests.ts'

const requests = (options: HttpOptions = {}): Requests => new Requests(httpSettings(options))
const perRecord = requests()

function refused(record: unknown, of = perRecord): DeliveryError {
  try {
    of.admit(record)
  } catch (error) {
    if (error instanceof DeliveryError) return error
    throw error
  }
  throw new Error('It was not refused.')
}

describe('Requests with a URL of their own', () => {
  const of = requests({ url: 'http://h/a?b=1', headers: { 'X-A': '1' } })

  it('shares one target among all records', () => {
    const { target, snapshot, bytes } = of.admit({ ä: 1 })
    expect(of.admit(2).target).to.equal(target)
    expect({ snapshot, bytes }).to.deep.equal({ snapshot: '{"ä":1}', bytes: 8 })
    expect(target).to.include({ method: 'POST', url: 'http://h/a?b=1', origin: 'http://h', path: '/a?b=1' })
    expect(target.headers).to.deep.equal({ 'content-type': 'application/json', 'x-a': '1' })
  })

  it('makes the key for POST and PATCH only', () => {
    const keyed = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'].filter(
      method => requests({ url: 'http://h', method }).admit(1).target.keyHeader !== undefined
    )
    expect(keyed).to.deep.equal(['POST', 'PATCH'])
  })

  it('makes no key where the headers have one', () => {
    const { target } = requests({ url: 'http://h', headers: { 'Idempotency-Key': 'mine' } }).admit(1)
    expect(target.keyHeader).to.equal(undefined)
    expect(target.headers['idempotency-key']).to.equal('mine')
  })

  it('lets the headers have another content type', () => {
    const { target } = requests({ url: 'http://h', headers: { 'Content-Type': 'text/x' } }).admit(1)
    expect(target.headers['content-type']).to.equal('text/x')
  })

  it('R19 gives a TRACE neither a body nor its type', () => {
    const { target } = requests({ url: 'http://h', method: 'trace' }).admit({ a: 1 })
    expect(target.format).to.equal(undefined)
    expect(target.headers).to.deep.equal({})
  })

  it('asks a function of the record for its headers, and checks them', () => {
    const each = requests({ url: 'http://h', headers: record => ({ 'X-Id': (record as { id: string }).id }) })
    expect(each.admit({ id: 'a' }).target.headers['x-id']).to.equal('a')
    expect(refused({ id: 'a\r\nb: c' }, each)).to.include({ code: 'SPW_ERR_REQUEST' })
    expect(refused({ id: 5 }, each)).to.include({ code: 'SPW_ERR_REQUEST' })
    expect(refused(null, each)).to.include({ code: 'SPW_ERR_REQUEST', phase: 'not-sent', retryable: false })
  })

  it('R11 refuses a record that is larger than all that may wait', () => {
    const small = requests({ url: 'http://h', queueBytes: 10 })
    expect(small.admit('12345678').bytes).to.equal(10)
    expect(refused('123456789', small)).to.include({ code: 'SPW_ERR_TOO_LARGE', outcome: 'refused' })
  })

  const throwing = {
    toJSON() {
      throw new Error('no JSON')
    }
  }
  const bad: Array<[string, unknown]> = [
    ['R03 undefined', undefined],
    ['R03 a function', () => 1],
    ['R03 a symbol', Symbol('s')],
    ['R05 a BigInt', { a: 1n }],
    ['R07 a toJSON that throws', throwing],
    ['a toJSON that gives nothing', { toJSON: () => undefined }]
  ]
  for (const [name, record] of bad) {
    it(`${name} is refused, and never thrown`, () => {
      expect(refused(record, of)).to.include({ code: 'SPW_ERR_ENCODE', phase: 'not-sent', countsAsAttempt: false })
    })
  }

  it('S11 refuses what an encode() of the user throws, and what it gives if that is no body', () => {
    const encode = (record: unknown): string => {
      if (record === 'throw') throw new Error('mine')
      return record as string
    }
    const own = requests({ url: 'http://h', format: { contentType: 'a/b', encode, join: parts => parts[0]! } })
    expect(refused('throw', own)).to.include({ code: 'SPW_ERR_ENCODE', message: 'The record cannot be encoded: mine' })
    expect(refused(5, own)).to.include({ code: 'SPW_ERR_ENCODE' })
    expect(refused('\ud800', own)).to.include({ code: 'SPW_ERR_ENCODE' })
  })

  it('takes a snapshot of bytes that an encode() gives back as they came', () => {
    const format = { contentType: 'a/b', encode: (record: unknown) => record as Uint8Array, join: () => '' }
    const given = Buffer.from('abc')
    const { snapshot } = requests({ url: 'http://h', format }).admit(given)
    given.fill(0)
    expect(Buffer.from(snapshot as Uint8Array).toString()).to.equal('abc')
  })
})

describe('Requests of records that say where to go', () => {
  it('takes a URL, without a body', () => {
    const { target, snapshot, bytes } = perRecord.admit('http://h/a?b=1#c')
    expect(target).to.include({ method: 'POST', url: 'http://h/a?b=1', format: undefined })
    expect(target.headers).to.deep.equal({})
    expect({ snapshot, bytes }).to.deep.equal({ snapshot: '', bytes: 0 })
  })

  it('takes url, method, headers and body', () => {
    const { target, snapshot } = perRecord.admit({
      url: 'http://h/',
      method: 'put',
      headers: { 'X-A': 'b' },
      body: { c: 1 }
    })
    expect(target).to.include({ method: 'PUT', url: 'http://h/' })
    expect(target.headers).to.deep.equal({ 'content-type': 'application/json', 'x-a': 'b' })
    expect(snapshot).to.equal('{"c":1}')
  })

  it('takes a body of false, 0, an empty text and null', () => {
    for (const body of [false, 0, '', null]) {
      expect(perRecord.admit({ url: 'http://h/', body }).snapshot).to.equal(JSON.stringify(body))
    }
  })

  it('puts the headers of the record over the configured ones', () => {
    const of = requests({ headers: { 'X-A': 'all', 'X-B': 'all' } })
    expect(of.admit({ url: 'http://h/', headers: { 'x-a': 'mine' } }).target.headers).to.deep.equal({
      'x-a': 'mine',
      'x-b': 'all'
    })
  })

  it('makes a body of the query with urlQuery body, but for GET, OPTIONS and TRACE', () => {
    const of = requests({ urlQuery: 'body' })
    const sent = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'].map(method => {
      const { target, snapshot } = of.admit({ url: 'http://h/?a=1', method })
      return `${method} ${target.path} ${snapshot as string}`
    })
    expect(sent).to.deep.equal([
      'GET /?a=1 ',
      'POST / {"a":"1"}',
      'PATCH / {"a":"1"}',
      'PUT / {"a":"1"}',
      'DELETE / {"a":"1"}',
      'OPTIONS /?a=1 ',
      'TRACE /?a=1 '
    ])
  })

  it('keeps a body that stands beside a query', () => {
    const { target, snapshot } = requests({ urlQuery: 'body' }).admit({ url: 'http://h/?a=1', body: 5 })
    expect([target.path, snapshot]).to.deep.equal(['/?a=1', '5'])
  })

  const getters = ['url', 'method', 'headers', 'body'].map(name =>
    Object.defineProperty({ url: 'http://h/' }, name, {
      enumerable: true,
      get() {
        throw new Error('no')
      }
    })
  )
  const bad: Array<[string, unknown]> = [
    ['R14 no URL', 'nowhere'],
    ['R14 a relative URL', { url: '/a' }],
    ['R15 another scheme', 'ftp://h/'],
    ['R15 a URL of another scheme', new URL('ftp://h/')],
    ['R14 what is only like a URL', Object.create(URL.prototype)],
    ['R16 a URL with a user and a password', { url: new URL('http://me:hunter2@h/') }],
    ['R16 a user and a password', 'http://me:hunter2@h/'],
    ['R18 a method that there is not', { url: 'http://h/', method: 'BREW' }],
    ['R18 a method with a space', { url: 'http://h/', method: 'PO ST' }],
    ['R18 HEAD', { url: 'http://h/', method: 'HEAD' }],
    ['R18 a method that is no text', { url: 'http://h/', method: 5 }],
    ['a record that has a url, and data beside it', { url: 'http://h/page', ts: 1, status: 200 }],
    ['R19 a TRACE with a body', { url: 'http://h/', method: 'TRACE', body: 1 }],
    ['R20 a header with a line break', { url: 'http://h/', headers: { a: 'b\r\nc: d' } }],
    ['R21 a header of the framing', { url: 'http://h/', headers: { 'Content-Length': '3' } }],
    ['a header that is a function', { url: 'http://h/', headers: { a: () => 'b' } }],
    ['headers that are none', { url: 'http://h/', headers: 5 }],
    ['an object without a URL', { uri: 'http://h/' }],
    ['a number', 5],
    ...getters.map((record, i): [string, unknown] => [`R07 a getter that throws (${i})`, record])
  ]
  for (const [name, record] of bad) {
    it(`${name} is refused, and never thrown`, () => {
      const error = refused(record)
      expect(error).to.include({
        code: 'SPW_ERR_REQUEST',
        phase: 'not-sent',
        outcome: 'refused',
        countsAsAttempt: false
      })
      expect(error.message).to.not.contain('hunter2')
    })
  }

  it('R05 refuses a body that cannot be encoded', () => {
    expect(refused({ url: 'http://h/', body: 1n })).to.include({ code: 'SPW_ERR_ENCODE' })
  })

  it('has one key for what may share a batch, and another for each other method, URL or headers', () => {
    const of = requests({ batchSize: 2 })
    const record = { url: 'http://h/', method: 'POST', headers: { a: 'b' }, body: 1 }
    const key = (more: object): string => of.admit({ ...record, ...more }).target.key
    expect(key({ body: 2 })).to.equal(key({}))
    const others = [{ method: 'PUT' }, { url: 'http://h/x' }, { headers: { a: 'c' } }, { headers: {} }].map(key)
    expect(new Set([key({}), ...others]).size).to.equal(5)
  })
})

describe('Requests of deliveries that are given in', () => {
  const stored = new Delivery(['{"a":1}'], {
    id: 'x',
    method: 'PUT',
    url: 'http://old/path',
    version: 1,
    headers: { 'x-a': 'old', 'x-b': 'old' }
  })

  it('sends them to the configured URL with the configured headers over their own', () => {
    const target = requests({ url: 'http://new/', headers: { 'x-a': 'new', authorization: 's' } }).targetOf(stored)
    expect(target).to.include({ method: 'PUT', url: 'http://new/' })
    expect(target.headers).to.include({ 'x-a': 'new', 'x-b': 'old', authorization: 's' })
  })

  it('sends them to their own URL where none is configured', () => {
    expect(perRecord.targetOf(stored)).to.include({ method: 'PUT', url: 'http://old/path', origin: 'http://old' })
  })

  it('refuses one whose method there is not', () => {
    for (const method of ['HEAD', 'CONNECT', 'PO ST', '']) {
      const delivery = new Delivery(['1'], { url: 'http://h/', method })
      expect(() => perRecord.targetOf(delivery), method).to.throw(DeliveryError, 'the method must be one of')
    }
  })

  it('takes a method in any case', () => {
    expect(perRecord.targetOf(new Delivery(['1'], { url: 'http://h/', method: 'patch' })).method).to.equal('PATCH')
  })

  it('gives no body to one that had none', () => {
    const bodiless = new Delivery([''], { url: 'http://h/', version: 1 })
    const target = perRecord.targetOf(bodiless)
    expect(target.format).to.equal(undefined)
    expect(target.headers).to.deep.equal({})
  })

  it('keeps an empty body that was one', () => {
    const empty = new Delivery([''], { url: 'http://h/', version: 1, headers: { 'content-type': 'text/plain' } })
    expect(requests({ format: 'text' }).targetOf(empty).format).to.not.equal(undefined)
  })

  it('refuses one without any URL', () => {
    expect(() => perRecord.targetOf(new Delivery(['1']))).to.throw(DeliveryError, 'the URL must be absolute')
  })
})
