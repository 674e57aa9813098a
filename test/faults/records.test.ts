import { inspect } from 'node:util'
import { expect } from 'chai'
import { OptionsError } from '../../lib/errors.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import { answer } from '../support/fault.ts'
import { type FaultServer, faultServer } from '../support/fault-server.ts'
import { TestSink } from '../support/test-sink.ts'

describe('faulty records', () => {
  let server: FaultServer
  const sinks: TestSink[] = []

  beforeEach(async () => {
    server = await faultServer()
  })

  afterEach(async () => {
    await Promise.all(sinks.splice(0).map(sink => sink.destroy()))
    await server.close()
  })

  const sinkTo = (http: object = {}, retry: object = {}): TestSink => {
    const sink = new TestSink({ url: server.url, ...http }, retry)
    sinks.push(sink)
    return sink
  }

  /** Sends a record beside good ones: it alone is refused with this code, nothing of it is sent, the others arrive. */
  async function refused(
    record: unknown,
    code: string,
    http: object = {},
    good: unknown = { id: 'good' }
  ): Promise<TestSink> {
    const sink = sinkTo(http)
    const before = server.requests.length
    await sink.send(good, record, good)
    expect(sink.stats, inspect(record, { depth: 0 })).to.include({ delivered: 2, stored: 1, refused: 1, attempts: 2 })
    expect(sink.stored[0]!.outcome).to.equal('refused')
    expect(sink.stored[0]!.attempts).to.equal(0)
    expect(sink.stored[0]!.lastError).to.deep.include({ code, phase: 'not-sent' })
    expect(server.requests.length - before).to.equal(2)
    await sink.end()
    return sink
  }

  /** Sends a record and gives the body that arrived. */
  async function arrived(record: unknown, http: object = {}): Promise<string> {
    const sink = await sinkTo(http).send(record)
    expect(sink.stats, inspect(record)).to.include({ delivered: 1, attempts: 1 })
    await sink.end()
    return server.requests.at(-1)!.text
  }

  it('R01 sends an empty text and empty bytes as an empty body', async () => {
    for (const format of ['text', 'json']) expect(await arrived(Buffer.alloc(0), { format })).to.equal('')
    expect(await arrived('', { format: 'text' })).to.equal('')
    expect(await arrived('')).to.equal('""')
  })

  it('R02 leaves null to Node, which throws', async () => {
    const sink = sinkTo()
    expect(() => sink.http.write(null))
      .to.throw()
      .with.property('code', 'ERR_STREAM_NULL_VALUES')
    expect(sink.stats.accepted).to.equal(0)
  })

  it('R03 refuses undefined, a function and a symbol', async () => {
    for (const record of [undefined, () => 1, Symbol('x')]) await refused(record, 'SPW_ERR_ENCODE')
  })

  it('R03 refuses undefined where each record is a request', async () => {
    await refused(undefined, 'SPW_ERR_REQUEST', { url: undefined }, server.url)
  })

  it('R04 sends everything else as JSON.stringify writes it', async () => {
    class Point {
      x = 1
      toString(): string {
        return 'not this'
      }
    }
    const records = [
      0,
      -1.5,
      true,
      false,
      new Date(0),
      new Map([['a', 1]]),
      new Point(),
      [1, 2],
      'text',
      { a: undefined }
    ]
    for (const record of records) expect(await arrived(record)).to.equal(JSON.stringify(record))
  })

  it('R05 refuses a BigInt', () => refused({ n: 1n }, 'SPW_ERR_ENCODE').then(() => undefined))

  it('R06 refuses a cycle', async () => {
    const cyclic: Record<string, unknown> = { id: 1 }
    cyclic.self = cyclic
    await refused(cyclic, 'SPW_ERR_ENCODE')
  })

  it('R07 refuses what throws while it is read', async () => {
    const getter = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('getter')
      }
    })
    const toJSON = {
      toJSON: () => {
        throw new Error('toJSON')
      }
    }
    const proxy = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('proxy')
        }
      }
    )
    const nothing = { toJSON: () => undefined }
    for (const record of [getter, toJSON, proxy, nothing]) await refused(record, 'SPW_ERR_ENCODE')
  })

  it('R08 refuses what is nested too deep', async () => {
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    await refused(deep, 'SPW_ERR_ENCODE')
  })

  it('R09 sends NaN and Infinity as null, as JSON does', async () => {
    expect(await arrived({ a: NaN, b: -Infinity })).to.equal('{"a":null,"b":null}')
  })

  it('R10 refuses a lone surrogate in a text, and escapes it in JSON', async () => {
    await refused('a\ud800b', 'SPW_ERR_ENCODE', { format: 'text' }, 'good')
    await refused({ name: 'a\udfffb' }, 'SPW_ERR_ENCODE', { format: 'form' })
    expect(await arrived({ a: 'a\ud800b' })).to.equal('{"a":"a\\ud800b"}')
  })

  it('R11 refuses a record that is larger than all that may wait', async () => {
    const large = { filling: 'x'.repeat(64 * 1024 * 1024) }
    // To look at it takes this process, which is the endpoint too, a second or more.
    const sink = await refused(large, 'SPW_ERR_TOO_LARGE', { timeout: 30_000 })
    expect(sink.stored[0]!.records[0]).to.have.length(JSON.stringify(large).length)
    await refused({ filling: 'ü'.repeat(600) }, 'SPW_ERR_TOO_LARGE', { queueBytes: 1_000 })
  }).timeout(30_000)

  it('R14 refuses what is not an absolute URL with a host', async () => {
    const invalid = [
      '',
      ' ',
      '/',
      '/path',
      'path',
      './path',
      '../path',
      '?query',
      '#hash',
      '//',
      '//host',
      '//host/path',
      'http',
      'http:',
      'http:/',
      'http://',
      'http:///',
      'http://?',
      'http://#',
      'http://:80/',
      'http://[',
      'http://[::1',
      'http://[::g]/',
      'http://a b/',
      'http://a<b/',
      'http://a^b/',
      'http://%/',
      'http://%zz/',
      'http://host:port/',
      'http://host:99999/',
      'http://host:-1/',
      'http://256.256.256.256/',
      'http://1.2.3.4.5/',
      'http://0x100000000/',
      'http://a%00b/',
      '://host/',
      'host:80',
      'localhost:80/path',
      '127.0.0.1',
      'null'
    ]
    const good = `${server.origin}/good`
    expect(invalid).to.have.length(40)
    for (const url of invalid) {
      await refused(url, 'SPW_ERR_REQUEST', { url: undefined }, good)
      await refused({ url, body: {} }, 'SPW_ERR_REQUEST', { url: undefined }, good)
    }
  })

  it('R14 refuses a record that has no URL where each must bring one', async () => {
    const good = `${server.origin}/good`
    for (const record of [{}, { url: 1 }, { body: {} }, 7, [], { url: null }]) {
      await refused(record, 'SPW_ERR_REQUEST', { url: undefined }, good)
    }
  })

  it('R15 refuses schemes other than http and https', async () => {
    const good = `${server.origin}/good`
    const urls = [
      'ftp://127.0.0.1/',
      'javascript:alert(1)',
      'file:///etc/passwd',
      'data:text/plain,x',
      'ws://127.0.0.1/',
      'blob:x'
    ]
    for (const url of urls) await refused(url, 'SPW_ERR_REQUEST', { url: undefined }, good)
  })

  it('R16 refuses a record whose URL has a password, and tells nobody of it', async () => {
    const url = server.url.replace('//', '//user:canary-password@')
    const sink = await refused(url, 'SPW_ERR_REQUEST', { url: undefined }, server.url)
    expect(inspect([sink.stored[0]!.url, sink.stored[0]!.lastError, sink.http])).to.not.include('canary-password')
  })

  it('R16 turns the password of the configured URL into a header', async () => {
    const sink = await sinkTo({ url: server.url.replace('//', '//user:pa%20ss@') }).send({ id: 1 })
    expect(sink.stats.delivered).to.equal(1)
    const { headers, path } = server.requests[0]!
    expect(headers.authorization).to.equal(`Basic ${Buffer.from('user:pa ss').toString('base64')}`)
    expect(headers.host + path).to.not.include('user')
  })

  it('R18 refuses a method that is not allowed, and takes the others in any case', async () => {
    const good = { url: server.url, body: {} }
    for (const method of ['HEAD', 'CONNECT', 'PO ST', '', 'POST\r\nx: y', 'FETCH', 1]) {
      await refused({ url: server.url, method, body: {} }, 'SPW_ERR_REQUEST', { url: undefined }, good)
    }
    for (const method of ['get', 'Post', 'patch', 'put', 'delete', 'options', 'trace']) {
      const sink = await sinkTo({ url: undefined }).send({ url: server.url, method })
      expect(sink.stats, method).to.include({ delivered: 1 })
      expect(server.requests.at(-1)!.method).to.equal(method.toUpperCase())
    }
    expect(() => new HttpWritable({ url: server.url, method: 'HEAD' })).to.throw(OptionsError, 'HEAD')
  })

  it('R19 refuses a body of a TRACE, and sends one of a GET', async () => {
    const url = server.url
    await refused({ url, method: 'TRACE', body: { id: 1 } }, 'SPW_ERR_REQUEST', { url: undefined }, { url, body: {} })
    expect(await arrived({ url, method: 'GET', body: { id: 1 } }, { url: undefined })).to.equal('{"id":1}')
    expect(await arrived({ id: 1 }, { method: 'TRACE' }), 'no body of a TRACE').to.equal('')
  })

  it('R20 refuses headers that would inject others', async () => {
    const good = { url: server.url, body: {} }
    const values = ['a\r\nx-evil: 1', 'a\nb', 'a\rb', 'a\0b', '\r\n\r\nGET / HTTP/1.1']
    for (const value of values) {
      await refused({ url: server.url, headers: { 'x-a': value } }, 'SPW_ERR_REQUEST', { url: undefined }, good)
      const headers = (record: unknown) => ({ 'x-a': (record as { id: string }).id })
      await refused({ id: value }, 'SPW_ERR_REQUEST', { headers })
    }
    for (const name of ['x a', 'x\r\nx-evil', 'x:y', 'x\0']) {
      await refused({ url: server.url, headers: { [name]: 'v' } }, 'SPW_ERR_REQUEST', { url: undefined }, good)
    }
    for (const { headers } of server.requests) expect(headers).to.not.have.property('x-evil')
  })

  it('R21 refuses headers beyond Latin-1, without a name, or that are the connection’s', async () => {
    const good = { url: server.url, body: {} }
    const names = [
      '',
      'host',
      'Content-Length',
      'transfer-encoding',
      'connection',
      'expect',
      'upgrade',
      'keep-alive',
      'te'
    ]
    for (const name of names) {
      await refused({ url: server.url, headers: { [name]: '1' } }, 'SPW_ERR_REQUEST', { url: undefined }, good)
      expect(() => new HttpWritable({ url: server.url, headers: { [name]: '1' } })).to.throw(OptionsError)
    }
    await refused({ url: server.url, headers: { 'x-a': '€' } }, 'SPW_ERR_REQUEST', { url: undefined }, good)
    await refused({ url: server.url, headers: { 'x-a': 1 } }, 'SPW_ERR_REQUEST', { url: undefined }, good)
  })

  it('R23 refuses every tenth record, which is poison, and delivers the others', async () => {
    const sink = sinkTo()
    await sink.send(...Array.from({ length: 5_000 }, (_, id) => (id % 10 === 0 ? { id, poison: 1n } : { id })))
    expect(sink.stats).to.include({ accepted: 5_000, delivered: 4_500, refused: 500, stored: 500, attempts: 4_500 })
    expect(new Set(sink.stored.map(({ lastError }) => lastError!.code))).to.deep.equal(new Set(['SPW_ERR_ENCODE']))
    expect(server.requests).to.have.length(4_500)
    await sink.recovers()
  })

  for (const status of [400, 413, 422]) {
    it(`R24 finds the one record of a batch for which the endpoint answers ${status}`, async () => {
      server.fault = exchange => answer(exchange.request.text.includes('"id":5') ? status : 200)(exchange)
      const sink = sinkTo({ format: 'ndjson', batchSize: 16, batchDelay: 1_000 })
      sink.http.cork()
      for (let id = 0; id < 16; id++) sink.http.write({ name: 'x', id: id === 5 ? 5 : `${id}` })
      sink.http.uncork()
      await sink.idle()
      expect(sink.stats).to.include({ delivered: 15, stored: 1, refused: 1 })
      expect(sink.stored[0]!.records).to.deep.equal(['{"name":"x","id":5}'])
      // 16, then two parts on each of 4 levels.
      expect(server.requests).to.have.length(9)
      await sink.end()
    })
  }

  it('R24 keeps a record that cannot be encoded out of the batch', async () => {
    const sink = sinkTo({ format: 'ndjson', batchSize: 4, batchDelay: 10 })
    await sink.send({ id: 0 }, { id: 1, poison: 1n }, { id: 2 }, { id: 3 })
    expect(sink.stats).to.include({ delivered: 3, stored: 1, refused: 1, attempts: 1 })
    expect(server.requests[0]!.text).to.equal('{"id":0}\n{"id":2}\n{"id":3}\n')
    await sink.end()
  })
})
