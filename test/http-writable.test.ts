import { once } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { Agent } from 'undici'
import { Delivery } from '../lib/delivery.ts'
import type { Outcome } from '../lib/delivery/settlement.ts'
import { OptionsError } from '../lib/errors.ts'
import { type HttpOptions, HttpWritable } from '../lib/http-writable.ts'
import type { Sender } from '../lib/http/sender.ts'
import { RetryTransform } from '../lib/retry-transform.ts'
import { destroying, servers } from './support/cleaning.ts'
import { answer, HeldAnswers, never, raw, scripted } from './support/fault.ts'
import { expectLaw, expectOver } from './support/law.ts'
import { answered, ManualSender } from './support/manual-sender.ts'
import { paused, turns, until, within } from './support/waiting.ts'

const nowhere = 'http://127.0.0.1:9/'
const serve = servers()
const destroyed = destroying()

function manual(options: HttpOptions = {}): { http: HttpWritable; sender: ManualSender } {
  const sender = new ManualSender()
  const http = destroyed(new HttpWritable({ url: nowhere, wrapSender: sender.wrap, ...options }))
  http.on('error', () => {})
  return { http, sender }
}

/** Reads what fails, as a foreign reader. */
function failuresOf(http: HttpWritable): Delivery[] {
  const failed: Delivery[] = []
  http.on('data', (delivery: Delivery) => failed.push(delivery))
  return failed
}

/** Writes until write() returns false; gives how many. */
function fill(http: HttpWritable, record: (i: number) => unknown = i => i): number {
  let written = 1
  while (http.write(record(written))) written++
  return written
}

async function finished(http: HttpWritable): Promise<void> {
  http.end()
  await within(http.settled(), 'the stream to be settled')
}

describe('HttpWritable with the option', () => {
  const streams: HttpWritable[] = []
  const agents: Agent[] = []

  function open(options: HttpOptions): HttpWritable {
    const http = new HttpWritable(options)
    http.on('error', () => {})
    streams.push(http)
    return http
  }

  /** Writes the records, ends, and gives what failed. */
  async function sent(options: HttpOptions, ...records: unknown[]): Promise<Delivery[]> {
    const http = open(options)
    const failed = failuresOf(http)
    for (const record of records) http.write(record)
    await finished(http)
    return failed
  }

  afterEach(async () => {
    for (const http of streams.splice(0)) http.destroy()
    await Promise.all(agents.splice(0).map(agent => agent.close()))
  })

  it('url sends every record there', async () => {
    const server = await serve()
    await sent({ url: `${server.origin}/a/b?c=d` }, 1, 2)
    expect(server.requests.map(({ path, text }) => `${path} ${text}`)).to.have.members(['/a/b?c=d 1', '/a/b?c=d 2'])
  })

  it('url may be a URL, and so may that of a record, alone or with the rest', async () => {
    const server = await serve()
    await sent({ url: new URL('/a?b=1', server.origin) }, 1)
    await sent({}, new URL('/c', server.origin), { url: new URL('/d', server.origin), method: 'PUT', body: 2 })
    await sent({ urlQuery: 'body' }, new URL('/e?f=g', server.origin))
    expect(server.requests.map(({ method, path, text }) => `${method} ${path} ${text}`)).to.have.members([
      'POST /a?b=1 1',
      'POST /c ',
      'PUT /d 2',
      'POST /e {"f":"g"}'
    ])
  })

  it('url sends its user and password as a header', async () => {
    const server = await serve()
    await sent({ url: server.url.replace('//', '//me:pass@') }, 1)
    expect(server.requests[0]!.headers.authorization).to.equal(`Basic ${Buffer.from('me:pass').toString('base64')}`)
  })

  it('url left out takes the URL of each record', async () => {
    const [one, other] = [await serve(), await serve()]
    await sent({}, `${one.origin}/x`, { url: `${other.origin}/y`, method: 'put', headers: { 'X-A': 'b' }, body: [1] })
    expect(one.requests.map(({ method, path, text }) => [method, path, text])).to.deep.equal([['POST', '/x', '']])
    expect(one.requests[0]!.headers).to.not.have.property('content-type')
    expect(other.requests.map(({ method, path, text }) => [method, path, text])).to.deep.equal([['PUT', '/y', '[1]']])
    expect(other.requests[0]!.headers).to.include({ 'x-a': 'b', 'content-type': 'application/json' })
  })

  for (const method of ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
    it(`method sends ${method}, in any case`, async () => {
      const server = await serve()
      await sent({ url: server.url, method: method.toLowerCase() }, { a: 1 })
      expect(server.requests.map(request => request.method)).to.deep.equal([method])
      expect(server.requests[0]!.text).to.equal(method === 'TRACE' ? '' : '{"a":1}')
    })
  }

  it('method keeps the connection for one that has a body and rarely has one', async () => {
    const server = await serve()
    await sent({ url: server.url, method: 'DELETE', numWriters: 1 }, 1, 2, 3)
    expect(server.connections).to.equal(1)
  })

  it('headers sends them, and calls a function of them at each attempt', async () => {
    const server = await serve()
    let calls = 0
    const headers = { 'X-A': 'b', Authorization: () => `token ${++calls}` }
    await sent({ url: server.url, headers, numWriters: 1 }, 1, 2)
    expect(server.requests.map(request => request.headers.authorization)).to.deep.equal(['token 1', 'token 2'])
    expect(server.requests[0]!.headers['x-a']).to.equal('b')
  })

  it('headers refuses a delivery whose function of a header throws, or gives what is none', async () => {
    const server = await serve()
    const thrower = (): string => {
      throw new Error('no token: hunter2')
    }
    for (const make of [thrower, () => undefined as never, () => 'a\r\nb: c']) {
      const [failed] = await sent({ url: server.url, headers: { authorization: make } }, 1)
      expect(failed!.error).to.include({ code: 'SPW_ERR_REQUEST', outcome: 'refused' })
      expect(failed!.error!.message).to.not.include('hunter2')
    }
    expect(server.requests).to.deep.equal([])
  })

  it('headers asks a function of the record when it is accepted', async () => {
    const server = await serve()
    const record = { tenant: 'a' }
    const http = open({ url: server.url, headers: given => ({ 'x-tenant': (given as typeof record).tenant }) })
    http.write(record)
    record.tenant = 'changed'
    await finished(http)
    expect(server.requests[0]!.headers['x-tenant']).to.equal('a')
  })

  it('numWriters has so many requests under way, and so many connections', async () => {
    const held = new HeldAnswers()
    const server = await serve(held.fault)
    const http = open({ url: server.url, numWriters: 3 })
    for (let i = 0; i < 10; i++) http.write(i)
    await until(() => held.waiting.length === 3)
    await paused(30)
    expect(held.waiting.length).to.equal(3)
    expect(http.stats()).to.include({ inFlight: 3, waiting: 7 })
    held.release()
    await until(() => held.waiting.length === 3)
    expect(server.mostOpen).to.equal(3)
  })

  it('queueCapacity lets so many records wait, and 16 in front', () => {
    const { http } = manual({ queueCapacity: 1_000, numWriters: 1 })
    expect(fill(http)).to.equal(1_000 + 16)
    expect(http.stats()).to.include({ waiting: 1_000, inFlight: 1 })
    expect(http.writableHighWaterMark).to.equal(1_000)
    expect(http.writableLength).to.equal(1_016)
    http.destroy()
  })

  it('highWaterMark is the other name of queueCapacity', () => {
    const { http } = manual({ highWaterMark: 100, numWriters: 1 })
    expect(fill(http)).to.equal(100 + 16)
    expect(http.writableHighWaterMark).to.equal(100)
    http.destroy()
  })

  it('queueBytes lets so many bytes wait, in flight too', () => {
    const { http } = manual({ queueBytes: 10_000, numWriters: 1 })
    expect(fill(http, () => 'x'.repeat(998))).to.equal(10 + 15)
    expect(http.stats()).to.include({ waiting: 9, inFlight: 1 })
    http.destroy()
  })

  it('queueBytes refuses a record that is larger than all', async () => {
    const { http } = manual({ queueBytes: 10 })
    const failed = failuresOf(http)
    http.write('123456789')
    await turns()
    expect(failed[0]!.error).to.include({ code: 'SPW_ERR_TOO_LARGE', outcome: 'refused' })
    http.destroy()
  })

  it('timeout ends an attempt that takes longer', async () => {
    const server = await serve(never())
    const start = performance.now()
    const [failed] = await sent({ url: server.url, timeout: 120 }, 1)
    expect(failed!.error).to.include({ code: 'SPW_ERR_TIMEOUT', phase: 'maybe-sent', retryable: true })
    expect(performance.now() - start).to.be.within(115, 1_000)
  })

  it('successCode acknowledges, and nothing else does', async () => {
    const server = await serve(({ request, socket }) => answer(Number(request.text))({ request, socket }))
    const failed = await sent({ url: server.url, successCode: [202, '3xx', '!304'] }, 202, 301, 304, 200)
    expect(failed.map(({ error }) => error!.status)).to.have.members([304, 200])
  })

  it('retryOn makes retryable what would be refused', async () => {
    const server = await serve(answer(409))
    expect((await sent({ url: server.url, retryOn: 409 }, 1))[0]!.error!.retryable).to.equal(true)
    expect((await sent({ url: server.url }, 1))[0]!.error!.retryable).to.equal(false)
  })

  it('refuseOn refuses what would be retried, before retryOn is asked', async () => {
    const server = await serve(answer(503))
    expect((await sent({ url: server.url, refuseOn: '5xx', retryOn: 503 }, 1))[0]!.error).to.include({
      retryable: false,
      outcome: 'refused'
    })
  })

  const formats: Array<[HttpOptions['format'], string, string]> = [
    ['json', 'application/json', '[{"a":1},{"a":2}]'],
    ['ndjson', 'application/x-ndjson', '{"a":1}\n{"a":2}\n'],
    [
      { contentType: 'a/b', encode: record => `<${JSON.stringify(record)}>`, join: parts => parts.join('+') },
      'a/b',
      '<{"a":1}>+<{"a":2}>'
    ]
  ]
  for (const [format, type, body] of formats) {
    it(`format makes bodies of ${type}`, async () => {
      const server = await serve()
      await sent({ url: server.url, format, batchSize: 2 }, { a: 1 }, { a: 2 })
      expect(server.requests.map(({ text, headers }) => [text, headers['content-type']])).to.deep.equal([[body, type]])
    })
  }

  it('format text and form make bodies of their kind', async () => {
    const server = await serve()
    await sent({ url: server.url, format: 'text' }, 'grün')
    await sent({ url: server.url, format: 'form' }, { a: 'b c' })
    expect(server.requests.map(({ text, headers }) => `${headers['content-type']!} ${text}`)).to.deep.equal([
      'text/plain; charset=utf-8 grün',
      'application/x-www-form-urlencoded a=b+c'
    ])
  })

  it('format gives join() what encode() gave, however long', async () => {
    const server = await serve()
    const join = (parts: readonly unknown[]): string =>
      parts.map(part => `${typeof part} ${String(part).length}`).join()
    const format = { contentType: 'a/b', encode: (record: unknown) => String(record), join }
    await sent({ url: server.url, format, batchSize: 2 }, 'short', 'x'.repeat(10_000))
    expect(server.requests.map(({ text }) => text)).to.deep.equal(['string 5,string 10000'])
  })

  it('format refuses what a join() of the user throws, and goes on', async () => {
    const server = await serve()
    const join = (parts: readonly unknown[]): string => {
      if (parts[0] === '1') throw new Error('mine')
      return String(parts[0])
    }
    const format = { contentType: 'a/b', encode: (record: unknown) => String(record), join: join as never }
    const failed = await sent({ url: server.url, format }, 1, 2)
    expect(failed.map(({ error, records }) => [error!.code, ...records])).to.deep.equal([['SPW_ERR_ENCODE', '1']])
    expect(server.requests.map(({ text }) => text)).to.deep.equal(['2'])
  })

  it('batchSize puts so many records in one request', async () => {
    const server = await serve()
    await sent({ url: server.url, batchSize: 4, format: 'ndjson' }, ...Array(10).keys())
    const sizes = server.requests.map(({ text }) => text.trim().split('\n').length)
    expect(sizes.sort()).to.deep.equal([2, 4, 4])
  })

  it('batchBytes limits the bytes of a request, and lets a larger record go alone', async () => {
    const server = await serve()
    const records = ['a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40), 'd'.repeat(500)]
    await sent({ url: server.url, batchSize: 100, batchBytes: 100, numWriters: 1 }, ...records)
    const starts = server.requests.map(({ text }) => (JSON.parse(text) as string[]).map(record => record[0]).join(''))
    expect(starts).to.deep.equal(['ab', 'c', 'd'])
  })

  it('batchDelay sends a batch that is not full, and not at once', async () => {
    const { http, sender } = manual({ batchSize: 10, batchDelay: 300 })
    const start = performance.now()
    http.write(1)
    http.write(2)
    await turns()
    expect(sender.open.length).to.equal(0)
    expect(http.stats()).to.include({ waiting: 2 })
    await until(() => sender.open.length === 1)
    expect(performance.now() - start).to.be.at.least(295)
    expect(sender.open[0]!.delivery.records).to.deep.equal(['1', '2'])
    http.destroy()
  })

  it('batchDelay is not waited for at the end, nor by a batch that is full', async () => {
    const { http, sender } = manual({ batchSize: 2, batchDelay: 60_000 })
    for (let i = 0; i < 3; i++) http.write(i)
    await turns()
    expect(sender.openRecords).to.deep.equal(['0,1'])
    http.end()
    await turns()
    expect(sender.openRecords).to.deep.equal(['0,1', '2'])
    sender.okAll()
    await within(http.settled(), 'the stream to be settled')
  })

  it('batchDelay is not waited for by a batch that nothing can join, since the queue is full', async () => {
    const server = await serve()
    const http = open({ url: server.url, batchSize: 1_000, batchDelay: 60_000, queueBytes: 1_000 })
    for (let i = 0; i < 10; i++) http.write('x'.repeat(98))
    await within(new Promise(resolve => http.write('y', resolve)), 'room')
    expect(server.requests.map(({ text }) => (JSON.parse(text) as unknown[]).length)).to.deep.equal([10])
  })

  it('batchDelay is not waited for at other endpoints either when what is under way at one fills the queue', async () => {
    const [one, stuck] = [await serve(), await serve(never)]
    const http = open({ batchSize: 2, batchDelay: 60_000, queueBytes: 1_000 })
    const write = (url: string, size: number): unknown => http.write({ url, body: 'x'.repeat(size) })
    for (let i = 0; i < 2; i++) write(stuck.url, 450)
    write(one.url, 10)
    await until(() => stuck.requests.length === 1)
    expect(one.requests).to.deep.equal([])
    write(stuck.url, 100)
    await until(() => one.requests.length === 1)
  })

  it('batchDelay is not waited for as long as the source is held back', async () => {
    const options = { batchSize: 5, batchDelay: 60_000, queueCapacity: 10, numWriters: 1 }
    const { http, sender } = manual({ url: undefined, ...options })
    for (const path of 'zzzzzaaaabbbbccdd') http.write({ url: nowhere + path, body: path })
    for (let i = 0; i < 3; i++) {
      await turns()
      sender.okAll()
    }
    expect(sender.sent.map(({ records }) => records.length)).to.deep.equal([5, 4, 4])
  })

  it('batchDelay is waited for in a full queue of which others are sent first: there is room then', async () => {
    const { http, sender } = manual({ batchSize: 2, batchDelay: 60_000, queueCapacity: 3, numWriters: 1 })
    for (let i = 0; i < 5; i++) http.write(i)
    await turns()
    expect(sender.openRecords).to.deep.equal(['0,1'])
    sender.okAll()
    await turns()
    http.write(5)
    await turns()
    sender.okAll()
    await turns()
    expect(sender.sentRecords).to.deep.equal(['0,1', '2,3', '4,5'])
  })

  it('batchDelay 0 does not wait', async () => {
    const { http, sender } = manual({ batchSize: 10, batchDelay: 0 })
    http.write(1)
    await turns()
    expect(sender.openRecords).to.deep.equal(['1'])
    http.destroy()
  })

  it('idempotencyKey names the header of the id', async () => {
    const server = await serve()
    await sent({ url: server.url, idempotencyKey: 'X-Request-Id' }, 1, 2)
    const keys = server.requests.map(({ headers }) => headers['x-request-id'])
    expect(new Set(keys).size).to.equal(2)
    expect(keys).to.not.include(undefined)
    expect(server.requests[0]!.headers).to.not.have.property('idempotency-key')
  })

  it('idempotencyKey sends none when it is false, and on no method but POST and PATCH', async () => {
    const server = await serve()
    await sent({ url: server.url, idempotencyKey: false }, 1)
    await sent({ url: server.url, method: 'PUT' }, 1)
    await sent({ url: server.url, method: 'PATCH' }, 1)
    expect(server.requests.map(({ headers }) => 'idempotency-key' in headers)).to.deep.equal([false, false, true])
  })

  it('semantics at-most-once stores as ambiguous what may have been sent', async () => {
    const server = await serve(({ socket }) => void socket.resetAndDestroy())
    const [once_] = await sent({ url: server.url, semantics: 'at-most-once' }, 1)
    expect(once_!.error).to.include({ phase: 'maybe-sent', retryable: false, outcome: 'ambiguous' })
    const [least] = await sent({ url: server.url }, 1)
    expect(least!.error).to.include({ phase: 'maybe-sent', retryable: true, outcome: 'exhausted' })
  })

  it('urlQuery body makes a body of the query of a URL', async () => {
    const server = await serve()
    await sent({ urlQuery: 'body' }, `${server.origin}/x?a=1&b=2&b=3`)
    await sent({}, `${server.origin}/x?a=1`)
    expect(server.requests.map(({ path, text }) => `${path} ${text}`)).to.deep.equal([
      '/x {"a":"1","b":["2","3"]}',
      '/x?a=1 '
    ])
  })

  it('dispatcher sends by the one that is given, and leaves it open', async () => {
    const server = await serve()
    const agent = new Agent({ connections: 2 })
    agents.push(agent)
    let dispatched = 0
    const counting = agent.compose(dispatch => (options, handler) => (dispatched++, dispatch(options, handler)))
    await sent({ url: server.url, dispatcher: counting }, 1, 2, 3)
    expect(dispatched).to.equal(3)
    expect(agent.closed).to.equal(false)
  })

  it('wrapSender puts a Sender around the built-in one, which signs each attempt', async () => {
    const server = await serve(scripted([answer(503), answer(200)]))
    let signed = 0
    const wrapSender = (inner: Sender): Sender => ({
      send: (delivery, signal) => inner.send(delivery.withHeaders({ 'X-Signature': `s${++signed}` }), signal)
    })
    const failed = await sent({ url: server.url, wrapSender, numWriters: 1 }, 1, 2)
    expect(server.requests.map(({ headers }) => headers['x-signature'])).to.deep.equal(['s1', 's2'])
    expect(failed.map(({ error }) => error!.status)).to.deep.equal([503])
    expect(failed[0]!.request.headers).to.not.have.property('x-signature')
  })

  it('wrapSender aborts the built-in one at the deadline', async () => {
    const server = await serve(never())
    const [failed] = await sent({ url: server.url, wrapSender: inner => inner, timeout: 60 }, 1)
    expect(failed!.error).to.include({ code: 'SPW_ERR_TIMEOUT' })
    await until(() => server.openConnections === 0)
  })

  it('wrapSender takes what a Sender throws else for a refusal of that delivery, and lives on', async () => {
    const { http, sender } = manual()
    sender.script = (_delivery, attempt) => (attempt === 1 ? new TypeError('mine') : undefined)
    const failed = failuresOf(http)
    http.write(1)
    http.write(2)
    await finished(http)
    expect(failed[0]!.error).to.include({
      code: 'SPW_ERR_SENDER',
      outcome: 'refused',
      message: 'The Sender threw: mine'
    })
    expect(http.stats()).to.include({ delivered: 1 })
  })

  it('wrapSender takes what send() throws at once the same way', async () => {
    const thrower = {
      send() {
        throw new Error('mine')
      }
    } as unknown as Sender
    const [failed] = await sent({ url: nowhere, wrapSender: () => thrower }, 1)
    expect(failed!.error).to.include({ code: 'SPW_ERR_SENDER' })
  })

  it('maxResponseBytes cuts a longer answer and goes by its status', async () => {
    const long = `HTTP/1.1 200 X\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(2_000)}`
    const server = await serve(raw(long))
    const http = open({ url: server.url, maxResponseBytes: 1_000, timeout: 5_000 })
    http.write(1)
    await finished(http)
    expect(http.stats()).to.include({ delivered: 1 })
    await until(() => server.openConnections === 0)
  })

  it('maxResponseBytes reads a shorter one to its end', async () => {
    const server = await serve(answer(200, {}, 'x'.repeat(1_000)))
    await sent({ url: server.url, maxResponseBytes: 1_000, numWriters: 1 }, 1, 2)
    expect(server.connections).to.equal(1)
  })

  it('maxRetryAfter is the longest that is waited for', async () => {
    const server = await serve(answer(503, { 'retry-after': '2' }))
    const [longer] = await sent({ url: server.url, maxRetryAfter: 1_000 }, 1)
    expect(longer!.error).to.include({ retryable: false, retryAfter: 1_000 })
    expect(longer!.error!.notBefore).to.be.within(Date.now(), Date.now() + 2_000)
    const [shorter] = await sent({ url: server.url, maxRetryAfter: 2_000 }, 1)
    expect(shorter!.error).to.include({ retryable: true, retryAfter: 2_000, notBefore: undefined })
  })

  it('signal drains when it aborts, and destroys nothing', async () => {
    const abort = new AbortController()
    const { http, sender } = manual({ signal: abort.signal, numWriters: 1 })
    const failed = failuresOf(http)
    for (let i = 0; i < 3; i++) http.write(i)
    abort.abort()
    await until(() => failed.length === 2)
    expect(failed.map(({ error }) => error!.outcome)).to.deep.equal(['shutdown', 'shutdown'])
    sender.okAll()
    await finished(http)
    expect(http.errored).to.equal(null)
    expect(http.stats()).to.include({ delivered: 1, handedBack: 2 })
  })

  it('signal that is aborted already lets nothing be sent', async () => {
    const { http, sender } = manual({ signal: AbortSignal.abort() })
    const failed = failuresOf(http)
    http.write(1)
    await finished(http)
    expect(failed.map(({ error }) => error!.code)).to.deep.equal(['SPW_ERR_SHUTDOWN'])
    expect(sender.sent).to.deep.equal([])
  })

  it('drainTimeout cuts off what is under way so long after the signal', async () => {
    const abort = new AbortController()
    const { http, sender } = manual({ signal: abort.signal, drainTimeout: 60 })
    const failed = failuresOf(http)
    http.write(1)
    await turns()
    abort.abort()
    await paused(20)
    expect(failed).to.deep.equal([])
    await until(() => failed.length === 1)
    expect(failed[0]!.error).to.include({ code: 'SPW_ERR_SHUTDOWN', outcome: 'ambiguous', phase: 'maybe-sent' })
    expect(sender.open[0]!.signal.aborted).to.equal(true)
    await finished(http)
  })

  it('of no known name is refused', () => {
    expect(() => new HttpWritable({ url: nowhere, numwriters: 3 } as never)).to.throw(
      OptionsError,
      'did you mean "numWriters"?'
    )
  })
})

describe('HttpWritable', () => {
  it('fills a slot that came free without waiting for the slowest request', async () => {
    const { http, sender } = manual({ numWriters: 2 })
    for (const record of ['slow', 'quick', 'next']) http.write(record)
    await turns()
    expect(sender.openRecords).to.deep.equal(['"slow"', '"quick"'])
    sender.open[1]!.ok()
    await turns()
    expect(sender.openRecords).to.deep.equal(['"slow"', '"next"'])
    http.destroy()
  })

  it('runs the callback of a write once the record is accepted, with the endpoint silent', async () => {
    const { http } = manual({ queueCapacity: 2, numWriters: 1 })
    const done: number[] = []
    for (let i = 0; i < 6; i++) http.write(i, () => done.push(i))
    await turns()
    expect(done).to.deep.equal([0, 1])
    http.destroy()
  })

  it('releases the source when there is room again', async () => {
    const { http, sender } = manual({ queueCapacity: 10, numWriters: 1 })
    fill(http)
    const drained = once(http, 'drain')
    for (let i = 0; i < 25; i++) {
      sender.okAll()
      await turns(1)
    }
    await within(drained, 'drain')
    http.destroy()
  })

  it('S07 fails a write after the end by its callback alone', async () => {
    const { http, sender } = manual()
    http.write(1)
    http.end()
    const error = await new Promise<unknown>(resolve => http.write(2, resolve))
    expect(error).to.include({ code: 'ERR_STREAM_WRITE_AFTER_END' })
    await turns()
    sender.okAll()
  })

  it("R02 has Node's own error for null", () => {
    const { http } = manual()
    expect(() => http.write(null))
      .to.throw()
      .with.property('code', 'ERR_STREAM_NULL_VALUES')
    http.destroy()
  })

  it('R03 refuses undefined alone, under pipe() too, and calls back once', async () => {
    const { http, sender } = manual()
    sender.script = () => undefined
    const failed = failuresOf(http)
    const told: unknown[] = []
    http.write(undefined, error => told.push(error))
    Readable.from([1, undefined, 2]).pipe(http)
    await within(http.settled(), 'the stream to be settled')
    expect(told.map(error => error ?? undefined)).to.deep.equal([undefined])
    expect(failed.map(({ error }) => error?.code)).to.deep.equal(['SPW_ERR_ENCODE', 'SPW_ERR_ENCODE'])
    expect(http.stats()).to.include({ accepted: 4, delivered: 2, handedBack: 2 })
  })

  it('refuses a bad record alone, keeps what can be kept of it, and delivers the others', async () => {
    const { http, sender } = manual()
    sender.script = () => undefined
    const failed = failuresOf(http)
    for (const record of [1, { a: 2n }, 3]) http.write(record)
    await finished(http)
    expect(failed).to.have.length(1)
    expect(failed[0]!.records).to.deep.equal(['{ a: 2n }'])
    expect(failed[0]).to.include({ attempts: 0 })
    expect(failed[0]!.error).to.include({ code: 'SPW_ERR_ENCODE', outcome: 'refused' })
    expect(http.stats()).to.include({ accepted: 3, delivered: 2, handedBack: 1, attempts: 2 })
  })

  it('C08 keeps no password or secret header of a record that it refuses', async () => {
    const { http } = manual({ url: undefined as never })
    const failed = failuresOf(http)
    http.write('http://me:hunter2@h/')
    http.write(new URL('http://me:hunter2@h/'))
    http.write({ url: new URL('http://me:hunter2@h/') })
    http.write({ url: 'http://h/', headers: { authorization: 'hunter2', 'x-a': 'kept' }, body: 1n })
    await turns()
    expect(failed).to.have.length(4)
    for (const { records, target } of failed) expect(JSON.stringify([records, target])).to.not.contain('hunter2')
    expect(failed.slice(0, 2).map(({ request }) => request.url)).to.deep.equal(['http://h/', 'http://h/'])
    expect(JSON.stringify(failed[3]!.records)).to.contain('kept')
    http.destroy()
  })

  it('keeps where a delivery goes when it refuses it', async () => {
    const headers = (): never => {
      throw new Error('mine')
    }
    const { http } = manual({ url: undefined as never, headers })
    const failed = failuresOf(http)
    http.write(new Delivery(['1'], { method: 'PUT', url: 'http://h/x', headers: { 'x-a': 'b' }, version: 1 }))
    await turns()
    expect(failed[0]!.request).to.deep.include({ method: 'PUT', url: 'http://h/x', headers: { 'x-a': 'b' }, body: '1' })
    http.destroy()
  })

  it('takes a snapshot: what is done to a record later changes nothing', async () => {
    const { http, sender } = manual({ numWriters: 1 })
    const record = { a: 1 }
    const bytes = Buffer.from('"b"')
    for (const given of ['first', record, bytes]) http.write(given)
    record.a = 2
    bytes.fill(0)
    for (let i = 0; i < 3; i++) {
      await turns()
      sender.okAll()
    }
    expect(sender.sent.map(({ body }) => String(body))).to.deep.equal(['"first"', '{"a":1}', '"b"'])
    http.destroy()
  })

  it('I6 sends bytes that are not UTF-8 as they are, in a batch too', async () => {
    const server = await serve()
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28])
    for (const batchSize of [1, 2]) {
      const http = new HttpWritable({ url: server.url, format: 'text', batchSize })
      for (const record of [bytes, 'ä']) http.write(record)
      await finished(http)
    }
    const bodies = server.requests.map(({ body }) => body.toString('hex'))
    expect(bodies).to.have.members(['ff00c328', 'c3a4', 'ff00c3280ac3a4'])
  })

  it('never puts records of another method, URL or headers in one batch', async () => {
    const { http, sender } = manual({ url: undefined as never, batchSize: 10 })
    const record = { url: 'http://h/', method: 'POST', headers: { a: 'b' } }
    const others = [{}, { method: 'PUT' }, { url: 'http://h/x' }, { headers: { a: 'c' } }]
    for (const round of [1, 2]) for (const other of others) http.write({ ...record, ...other, body: round })
    http.end()
    await until(() => sender.open.length === 4)
    expect(sender.openRecords).to.deep.equal(Array(4).fill('1,2'))
    sender.okAll()
  })

  it('closes at the end what is open for an endpoint that was forgotten and is used again', async () => {
    const sender = new ManualSender()
    const http = destroyed(new HttpWritable({ wrapSender: sender.wrap, batchSize: 10, batchDelay: 60_000 }))
    const retry = destroyed(new RetryTransform({ retries: 1, minDelay: 1_000 }))
    http.pipe(retry).resume()
    const urlOf = (i: number): string => `http://127.0.0.1:${1_000 + i}/`
    const toEach = async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i++) http.write({ url: urlOf(i), method: 'GET' })
      await until(() => http.stats().delivered + http.stats().retrying === to)
    }
    sender.script = (_, attempt) => (attempt === 1 ? answered(503) : undefined)
    // The first fails and waits for its retry; meanwhile its endpoint, one of 256 that nobody uses, makes room.
    await toEach(0, 256)
    await toEach(256, 512)
    // The retry needs it again, and the endpoint used last makes room for it.
    await until(() => http.stats().delivered === 512)
    http.write({ url: urlOf(511), body: 1 })
    http.end()
    await within(http.settled(), 'the stream to be settled')
    expect(http.stats()).to.include({ accepted: 513, delivered: 513 })
  })

  it('never puts requests without a body in one batch', async () => {
    const { http, sender } = manual({ url: undefined as never, batchSize: 10, method: 'GET' })
    for (let i = 0; i < 3; i++) http.write('http://h/')
    http.end()
    await turns()
    expect(sender.open.length).to.equal(3)
    sender.okAll()
  })

  it('keeps the order of the first attempts with numWriters 1, of deliveries that are given in too', async () => {
    const { http, sender } = manual({ numWriters: 1 })
    sender.script = () => undefined
    for (let i = 0; i < 100; i++) http.write(i % 10 === 5 ? new Delivery([String(i)]) : i)
    await finished(http)
    expect(sender.sentRecords).to.deep.equal(Array.from({ length: 100 }, (_, i) => String(i)))
  })

  it('waits at the end until all attempts are over', async () => {
    const { http, sender } = manual({ numWriters: 2 })
    let over = false
    http.on('finish', () => (over = true))
    for (let i = 0; i < 3; i++) http.write(i)
    http.end()
    await turns()
    sender.open[0]!.ok()
    await turns()
    expect([over, sender.open.length]).to.deep.equal([false, 2])
    sender.okAll()
    await within(http.settled(), 'the stream to be settled')
    expect(over).to.equal(true)
    expectOver(http.stats())
  })

  it('sends what end() is given', async () => {
    const { http, sender } = manual()
    sender.script = () => undefined
    let called = false
    http.end({ a: 1 }, () => (called = true))
    await within(http.settled(), 'the stream to be settled')
    expect(sender.sentRecords).to.deep.equal(['{"a":1}'])
    expect(called).to.equal(true)
  })

  it('closes without anybody reading when all was delivered', async () => {
    const { http, sender } = manual()
    sender.script = () => undefined
    http.write(1)
    http.end()
    await within(once(http, 'close'), 'close')
  })

  it('closes its connections at the end', async () => {
    const server = await serve()
    const http = new HttpWritable({ url: server.url })
    for (let i = 0; i < 10; i++) http.write(i)
    await finished(http)
    await until(() => server.openConnections === 0)
  })

  it('E01 reports a closed port as not sent', async () => {
    const http = new HttpWritable({ url: nowhere, timeout: 2_000 })
    const failed = failuresOf(http)
    http.write(1)
    await finished(http)
    expect(failed[0]!.error).to.include({ code: 'SPW_ERR_CONNECT', phase: 'not-sent', retryable: true })
  })

  it('works with a source that is piped into it synchronously, whatever the capacity', async () => {
    const { http, sender } = manual({ queueCapacity: 1, numWriters: 1 })
    sender.script = () => undefined
    const kept: Delivery[] = []
    const source = new PassThrough({ objectMode: true, highWaterMark: 100 })
    for (let i = 0; i < 50; i++) source.write(i % 2 === 0 ? { refused: 1n } : i)
    source.end()
    const target = new Writable({
      objectMode: true,
      write: (delivery: Delivery, _, done) => (kept.push(delivery), done())
    })
    await within(pipeline(source, http, target), 'the pipeline')
    expect(kept).to.have.length(25)
    expect(http.stats()).to.include({ accepted: 50, delivered: 25, handedBack: 25 })
  })
})

describe('HttpWritable that gives deliveries back', () => {
  it('gives them to a listener for data', async () => {
    const { http, sender } = manual()
    sender.script = () => answered(503)
    const failed = failuresOf(http)
    for (let i = 0; i < 5; i++) http.write(i)
    await finished(http)
    expect(failed.map(({ records }) => records[0])).to.deep.equal(['0', '1', '2', '3', '4'])
    expect(http.stats()).to.include({ accepted: 5, handedBack: 5, retrying: 0 })
  })

  it('gives them to an async iterator, and counts what waits for it as its own', async () => {
    const { http, sender } = manual({ numWriters: 2 })
    sender.script = () => answered(503)
    for (let i = 0; i < 5; i++) http.write(i)
    http.end()
    let read = 0
    for await (const delivery of http) {
      expect((delivery as Delivery).error?.status).to.equal(503)
      read++
      const stats = http.stats()
      expectLaw(stats)
      // Node's iterator has read one ahead at most.
      expect(stats.handedBack).to.be.within(read, read + 1)
      await turns(2)
    }
    expect(read).to.equal(5)
    expect(http.stats()).to.include({ handedBack: 5 })
  })

  it('gives them to a stream between', async () => {
    const { http, sender } = manual()
    sender.script = () => answered(503)
    const between = new PassThrough({ objectMode: true })
    const read = between.toArray()
    const piped = pipeline(Readable.from([1, 2, 3]), http, between)
    expect(await within(read, 'all to be read')).to.have.length(3)
    await piped
    expect(http.stats()).to.include({ accepted: 3, handedBack: 3 })
  })

  it('gives them to a reader that comes late', async () => {
    const { http, sender } = manual({ numWriters: 1 })
    sender.script = () => answered(503)
    for (let i = 0; i < 5; i++) http.write(i)
    await paused(20)
    expect(http.stats()).to.include({ retrying: 1, waiting: 4 })
    const failed = failuresOf(http)
    await finished(http)
    expect(failed).to.have.length(5)
  })

  it('lets no first attempt start while nobody takes what failed', async () => {
    const { http, sender } = manual({ numWriters: 3 })
    sender.script = () => answered(503)
    for (let i = 0; i < 20; i++) http.write(i)
    await turns(20)
    expect(sender.sent.length).to.be.within(3, 6)
    expect(http.stats()).to.include({ handedBack: 0, retrying: sender.sent.length })
    http.destroy()
  })

  it('is destroyed with the first error when nobody reads until the end', async () => {
    const { http, sender } = manual()
    sender.script = () => answered(503)
    const failure = once(http, 'error')
    http.write(1)
    http.end()
    const [error] = (await within(failure, 'an error')) as [Error]
    expect(error).to.include({ code: 'SPW_ERR_NO_READER' })
    expect(error.cause).to.include({ code: 'SPW_ERR_STATUS', status: 503 })
    await http.settled()
    expect(http.stats()).to.include({ accepted: 1, abandoned: 1 })
  })

  for (const [name, options] of [
    ['records', { queueCapacity: 10, numWriters: 2 }],
    ['records and more slots', { queueCapacity: 10, numWriters: 64 }],
    ['bytes', { queueBytes: 100, numWriters: 64 }]
  ] as const) {
    it(`is destroyed when nobody reads and it is full of ${name}`, async () => {
      const { http, sender } = manual(options)
      sender.script = () => answered(503)
      const failure = once(http, 'error')
      const source = Readable.from(
        (function* () {
          for (let i = 0; ; i++) yield 'x'.repeat(20) + String(i)
        })()
      )
      source.pipe(http)
      const [error] = (await within(failure, 'an error')) as [Error]
      expect(error).to.include({ code: 'SPW_ERR_NO_READER' })
      source.destroy()
      await http.settled()
      expectOver(http.stats())
    })
  }

  it('is destroyed at the end when nobody reads and what failed lets no more start', async () => {
    const { http, sender } = manual({ numWriters: 2 })
    sender.script = () => answered(503)
    const failure = await within(
      pipeline(Readable.from(Array(1_000).keys()), http).catch((error: unknown) => error),
      'the pipeline'
    )
    expect(failure).to.include({ code: 'SPW_ERR_NO_READER' })
    await within(http.settled(), 'the stream to be settled')
    expectOver(http.stats())
    expect(http.stats()).to.include({ accepted: 1_000, abandoned: 1_000 })
  })

  it('is destroyed when nobody reads and too little room was made for the source to go on', async () => {
    const { http, sender } = manual({ numWriters: 2, queueCapacity: 100 })
    sender.script = (_, attempt) => (attempt <= 20 ? undefined : answered(503))
    const source = Readable.from(Array(1_000).keys())
    const failure = await within(
      pipeline(source, http).catch((error: unknown) => error),
      'the pipeline'
    )
    expect(failure).to.include({ code: 'SPW_ERR_NO_READER' })
  })

  for (const [name, read] of [
    ['listens to it but has paused it', (http: HttpWritable) => void http.pause().on('data', () => {})],
    [
      'has pipe() into a stream that is full',
      (http: HttpWritable) => {
        const slow = new Writable({ objectMode: true, highWaterMark: 1, write() {} })
        slow.write(1)
        http.pipe(slow)
      }
    ]
  ] as const) {
    for (const count of [1, 10]) {
      it(`waits at the end, with ${count} to give, for a reader that ${name}`, async () => {
        const { http, sender } = manual({ numWriters: 2 })
        sender.script = () => answered(503)
        read(http)
        for (let i = 0; i < count; i++) http.write(i)
        http.end()
        await paused(200)
        expect(http.stats()).to.include({ accepted: count, abandoned: 0, handedBack: 0 })
        expect(http.destroyed).to.equal(false)
      })
    }
  }

  it('gives them to an async iterator that begins some turns after the end', async () => {
    const { http, sender } = manual({ numWriters: 2 })
    sender.script = () => answered(503)
    for (let i = 0; i < 10; i++) http.write(i)
    http.end()
    await turns(10)
    let read = 0
    for await (const _ of http) read++
    expect(read).to.equal(10)
  })

  it('is destroyed when nobody reads what it refuses', async () => {
    const { http } = manual({ queueCapacity: 10 })
    const failure = once(http, 'error')
    const source = Readable.from(
      (function* () {
        for (;;) yield { a: 1n }
      })()
    )
    source.pipe(http)
    expect((await within(failure, 'an error'))[0]).to.include({ code: 'SPW_ERR_NO_READER' })
    source.destroy()
  })

  it('takes in no more than its capacity of what it refuses while the reader stands still', async () => {
    const { http } = manual({ queueCapacity: 10, numWriters: 4 })
    const stuck = new Writable({ objectMode: true, highWaterMark: 1, write() {} })
    http.pipe(stuck)
    await turns()
    let written = 0
    while (written < 5_000 && http.write({ a: 1n })) written++
    await turns()
    expect(http.stats().accepted).to.be.at.most(10 + 16 + 2)
    expect(written).to.be.at.most(10 + 2 * 16)
    http.destroy()
  })
})

describe('HttpWritable written beyond its capacity', () => {
  it('S08 takes nothing and says so to the callback', async () => {
    const { http } = manual({ queueCapacity: 100, numWriters: 1 })
    const errors: unknown[] = []
    for (let i = 0; i < 1_000; i++) http.write(i, error => error && errors.push(error))
    await turns()
    // Twice the capacity, one of it in flight.
    expect(errors).to.have.length(1_000 - 200)
    expect(errors[0]).to.include({ code: 'SPW_ERR_OVERFLOW' })
    expect(http.stats().accepted).to.equal(101)
    expect(http.destroyed).to.equal(false)
    http.destroy()
  })

  it('S08 is destroyed when the write has no callback', async () => {
    const { http } = manual({ queueCapacity: 100, numWriters: 1 })
    const failure = once(http, 'error')
    for (let i = 0; i < 1_000; i++) http.write(i)
    expect((await within(failure, 'an error'))[0]).to.include({ code: 'SPW_ERR_OVERFLOW' })
    await http.settled()
    expectOver(http.stats())
  })

  it('never says so to a writer who heeds write(), however small the capacity', async () => {
    const { http, sender } = manual({ queueCapacity: 1, numWriters: 1 })
    sender.script = () => undefined
    await pipeline(Readable.from(Array(500).keys()), http)
    expect(http.stats()).to.include({ accepted: 500, delivered: 500 })
  })

  it('admits as one what was corked', async () => {
    const { http, sender } = manual({ queueCapacity: 10, numWriters: 1 })
    sender.script = () => undefined
    http.cork()
    for (let i = 0; i < 1_000; i++) http.write(i)
    http.uncork()
    await finished(http)
    expect(http.stats()).to.include({ delivered: 1_000 })
  })
})

describe('HttpWritable given deliveries', () => {
  const outcomesOf = (delivery: Delivery): Outcome[] => {
    const outcomes: Outcome[] = []
    delivery.onSettled(outcome => void outcomes.push(outcome))
    return outcomes
  }

  it('puts them in batches, and settles each with its batch', async () => {
    const { http, sender } = manual({ batchSize: 4 })
    const [a, b] = [new Delivery(['1', '2']), new Delivery(['3'])]
    const outcomes = [outcomesOf(a), outcomesOf(b)]
    for (const given of [a, b, 4]) http.write(given)
    await turns()
    expect(sender.openRecords).to.deep.equal(['1,2,3,4'])
    expect(outcomes).to.deep.equal([[], []])
    sender.okAll()
    await turns()
    expect(outcomes).to.deep.equal([['delivered'], ['delivered']])
    expect(http.stats()).to.include({ accepted: 4, delivered: 4 })
    http.destroy()
  })

  for (const [name, frozen] of [
    ['was attempted', new Delivery(['1']).failed(answered(503))],
    ['was read back from a storage', new Delivery(['1'], { version: 1 })]
  ] as const) {
    it(`never merges one that ${name}, and keeps its key`, async () => {
      const { http, sender } = manual({ batchSize: 10 })
      http.write(0)
      http.write(frozen)
      http.write(2)
      http.end()
      await turns()
      expect(sender.openRecords).to.have.members(['1', '0,2'])
      expect(sender.open.find(({ delivery }) => delivery.records[0] === '1')!.delivery.id).to.equal(frozen.id)
      sender.okAll()
    })
  }

  it('sends a larger one than a batch as it is', async () => {
    const { http, sender } = manual({ batchSize: 2 })
    http.write(new Delivery(['1', '2', '3']))
    await turns()
    expect(sender.openRecords).to.deep.equal(['1,2,3'])
    http.destroy()
  })

  it('counts their attempts anew, and tells the total', async () => {
    const { http, sender } = manual()
    sender.script = () => answered(503)
    const failed = failuresOf(http)
    http.write(new Delivery(['1'], { priorAttempts: 4, version: 1 }))
    await finished(http)
    expect(failed[0]).to.include({ attempts: 1, totalAttempts: 5, version: 1 })
  })

  it('settles as abandoned those that it never took when it is destroyed', async () => {
    const { http } = manual({ queueCapacity: 1, numWriters: 1 })
    const given = Array.from({ length: 10 }, (_, i) => new Delivery([String(i)]))
    const outcomes = given.map(outcomesOf)
    for (const delivery of given) http.write(delivery)
    http.destroy()
    await within(http.settled(), 'the stream to be settled')
    expect(outcomes).to.deep.equal(Array(10).fill(['abandoned']))
    expectOver(http.stats())
  })
})
