import { expect } from 'chai'
import { OptionsError } from '../../lib/errors.ts'
import { type HttpOptions, httpSettings } from '../../lib/http/options.ts'

const url = 'http://127.0.0.1/'

describe('httpSettings', () => {
  it('fills in the defaults', () => {
    expect(httpSettings({ url })).to.deep.include({
      method: 'POST',
      headers: {},
      numWriters: 64,
      queueCapacity: 10_000,
      queueBytes: 67_108_864,
      timeout: 10_000,
      successCode: '2xx',
      batchSize: 1,
      batchBytes: 1_048_576,
      batchDelay: 20,
      idempotencyKey: 'idempotency-key',
      semantics: 'at-least-once',
      urlQuery: 'keep',
      maxResponseBytes: 65_536,
      maxRetryAfter: 300_000,
      drainTimeout: 10_000
    })
  })

  it('lets the default of queueCapacity hold a batch', () => {
    expect(httpSettings({ url, batchSize: 20_000 }).queueCapacity).to.equal(20_000)
  })

  it('takes a URL for url, as it is at the time', () => {
    const given = new URL('http://me:hunter2@h/a?b=1')
    const settings = httpSettings({ url: given })
    given.pathname = '/other'
    expect(settings.url).to.equal('http://me:hunter2@h/a?b=1')
    expect(() => httpSettings({ url: new URL('ftp://hunter2@h/') }))
      .to.throw(OptionsError, 'http/url: the URL must be http or https, got ftp')
      .with.property('message')
      .that.does.not.contain('hunter2')
    expect(() => httpSettings({ url: { href: 'http://h/' } as URL })).to.throw(OptionsError, 'http/url must be string')
  })

  it('does not change the options that it is given', () => {
    const options: HttpOptions = Object.freeze({ url, headers: Object.freeze({ 'X-A': 'b' }) })
    httpSettings(options)
    expect(options).to.deep.equal({ url, headers: { 'X-A': 'b' } })
  })

  const wrong: Array<[string, unknown, string]> = [
    ['C01 an unknown key', { url, succesCode: 200 }, 'http has no option "succesCode", did you mean "successCode"?'],
    ['C02 a number as text', { url, numWriters: '3' }, 'http/numWriters must be integer, got "3"'],
    ['C02 NaN', { url, timeout: NaN }, 'http/timeout must be integer, got NaN'],
    ['C02 a negative', { url, batchDelay: -1 }, 'http/batchDelay must be >= 0, got -1'],
    ['C02 zero', { url, queueCapacity: 0 }, 'http/queueCapacity must be >= 1, got 0'],
    ['C02 a fraction', { url, batchSize: 1.5 }, 'http/batchSize must be integer, got 1.5'],
    ['S17 a highWaterMark of 0', { url, highWaterMark: 0 }, 'http/highWaterMark must be >= 1, got 0'],
    ['S17 an infinite highWaterMark', { url, highWaterMark: Infinity }, 'http/highWaterMark must be'],
    ['a timeout that no timer has', { url, timeout: 2 ** 31 }, 'http/timeout must be <= 2147483647'],
    [
      'both names of the capacity',
      { url, queueCapacity: 5, highWaterMark: 5 },
      'is the other name of http/queueCapacity'
    ],
    [
      'a batch that does not fit',
      { url, queueCapacity: 5, batchSize: 6 },
      'http/queueCapacity must be at least http/batchSize, 6, got 5'
    ],
    ['a form in batches', { url, format: 'form', batchSize: 2 }, 'http/batchSize must be 1 with the format form'],
    ['urlQuery beside url', { url, urlQuery: 'body' }, 'http/urlQuery is for records that are URLs'],
    ['R18 a method that there is not', { url, method: 'BREW' }, 'http/method must be one of GET, POST'],
    [
      'an unknown format',
      { url, format: 'xml' },
      'http/format must be one of "json", "ndjson", "text", "form", got "xml"'
    ],
    ['half a format', { url, format: { contentType: 'a/b', encode: () => '' } }, 'http/format/join is missing'],
    [
      'unknown semantics',
      { url, semantics: 'exactly-once' },
      'http/semantics must be one of "at-least-once", "at-most-once"'
    ],
    [
      'a header that is no text',
      { url, headers: { 'X-A': 5 } },
      'http/headers: the header x-a must be a string, got number'
    ],
    ['an empty name of the key', { url, idempotencyKey: '' }, 'http/idempotencyKey must'],
    ['true for the key', { url, idempotencyKey: true }, 'http/idempotencyKey must'],
    ['R14 a relative url', { url: '/a' }, 'http/url: the URL must be absolute'],
    ['a status that there is not', { url, successCode: 20 }, 'http/successCode must be >= 100, got 20'],
    [
      'a set of statuses that is none',
      { url, retryOn: 'often' },
      "http/retryOn must be made of statuses such as 200, '2xx' or '!501'"
    ],
    ['an empty list', { url, refuseOn: [] }, 'http/refuseOn must'],
    ['a signal that is none', { url, signal: {} }, 'http/signal must be an AbortSignal'],
    ['a signal that is null', { url, signal: null }, 'http/signal must be'],
    ['a dispatcher that is none', { url, dispatcher: {} }, 'http/dispatcher must be'],
    ['a dispatcher that is null', { url, dispatcher: null }, 'http/dispatcher must be'],
    ['a wrapSender that is none', { url, wrapSender: {} }, 'http/wrapSender must be a function'],
    ['options that are none', 5, 'http must be object, got 5']
  ]
  for (const [name, options, message] of wrong) {
    it(`refuses ${name}`, () => {
      expect(() => httpSettings(options as HttpOptions)).to.throw(OptionsError, message)
    })
  }

  it('says all that is wrong at once', () => {
    expect(() => httpSettings({ url, numWriters: 0, timeout: 0 }))
      .to.throw(OptionsError, 'http/numWriters must be >= 1, got 0')
      .with.property('message')
      .that.contains('http/timeout must be >= 1, got 0')
  })

  for (const options of [
    { url: 5, headers: { authorization: 'hunter2' } },
    { url: 'ftp://me:hunter2@h/' },
    { url, headers: 'hunter2' },
    { url, headers: { authorization: 'hunter2\r\n' } },
    { url: ['http://me:hunter2@h/'] }
  ]) {
    it(`C08 does not quote a secret: ${Object.keys(options).join()} of ${typeof options.url}`, () => {
      expect(() => httpSettings(options as HttpOptions))
        .to.throw(OptionsError)
        .with.property('message')
        .that.does.not.contain('hunter2')
    })
  }
})
