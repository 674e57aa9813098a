import { expect } from 'chai'
import { type AnswerHeaders, answer, flaky, seededRandom } from '../support/fault.ts'
import { type FaultServer, faultServer } from '../support/fault-server.ts'
import { TestSink } from '../support/test-sink.ts'

const record = { id: 1 }

describe('statuses and headers of the endpoint', () => {
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

  /** Sends one record to a server that always answers so, and checks what comes of it and that the server recovers. */
  async function answered(status: number, expected: object, headers: AnswerHeaders = {}): Promise<void> {
    server.fault = answer(status, headers, status === 205 ? '' : 'ok')
    const before = server.requests.length
    const sink = await sinkTo({}, { retries: 4 }).send(record)
    expect(sink.stats, `status ${status}`).to.include(expected)
    expect(server.requests.length - before, `requests for status ${status}`).to.equal(sink.stats.attempts)
    if (sink.stats.stored > 0) {
      expect(sink.stored[0]!.lastError).to.deep.equal({ code: 'SPW_ERR_STATUS', phase: 'answered', status })
      expect(sink.stored[0]!.outcome).to.equal(sink.stats.refused > 0 ? 'refused' : 'exhausted')
      expect(sink.stored[0]!.records).to.deep.equal([JSON.stringify(record)])
    }
    await sink.recoversWith(server)
  }

  const delivered = { delivered: 1, stored: 0, attempts: 1 }
  const refused = { delivered: 0, stored: 1, refused: 1, attempts: 1 }
  /** Retried as often as the options allow, then stored, not as refused. */
  const retried = { delivered: 0, stored: 1, refused: 0, attempts: 5 }
  const within = (attempts: number) => ({ ...retried, attempts })

  const table = [
    { title: 'E59 takes every 2xx for a success', statuses: [200, 201, 202, 203, 204, 205, 206], expected: delivered },
    { title: 'E62 refuses after a redirect', statuses: [300, 301, 302, 303, 305, 307, 308], expected: refused },
    { title: 'E64 refuses after 304', statuses: [304], expected: refused },
    { title: 'E65 refuses a single record after 400 and 422', statuses: [400, 422], expected: refused },
    {
      title: 'E66 makes 3 attempts after 401 and 403, then stores as exhausted',
      statuses: [401, 403],
      expected: within(3)
    },
    { title: 'E67 makes 2 attempts after 404, then stores as exhausted', statuses: [404], expected: within(2) },
    { title: 'E67 refuses after 410', statuses: [410], expected: refused },
    { title: 'E68 refuses after 405 and 501', statuses: [405, 501], expected: refused },
    { title: 'E69 makes 3 attempts after 407, then stores as exhausted', statuses: [407], expected: within(3) },
    { title: 'E70 retries after 408', statuses: [408], expected: retried },
    { title: 'E71 refuses after 409', statuses: [409], expected: refused },
    { title: 'E72 refuses after 412, 416 and 428', statuses: [412, 416, 428], expected: refused },
    { title: 'E73 refuses a single record after 413, 414 and 431', statuses: [413, 414, 431], expected: refused },
    { title: 'E75 retries after 421, 423 and 424', statuses: [421, 423, 424], expected: retried },
    { title: 'E76 retries after 425', statuses: [425], expected: retried },
    { title: 'E83 retries after 500', statuses: [500], expected: retried },
    { title: 'E84 retries after 502, 503 and 504', statuses: [502, 503, 504], expected: retried },
    { title: 'E85 refuses after 505', statuses: [505], expected: refused },
    { title: 'E85 retries after 506, 508 and 511', statuses: [506, 508, 511], expected: retried }
  ]
  for (const { title, statuses, expected } of table) {
    it(title, async () => {
      for (const status of statuses) await answered(status, expected)
    })
  }

  it('E59 takes only what successCode says for a success', async () => {
    server.fault = ({ request, socket }) => answer(Number(request.path.slice(1)))({ request, socket })
    const sink = sinkTo({ url: undefined, successCode: [202, 404] }, { retries: 0 })
    for (const status of [200, 202, 404]) await sink.send({ url: `${server.origin}/${status}`, body: {} })
    expect(sink.stats).to.include({ delivered: 2, stored: 1, refused: 1 })
  })

  it('E62 does not follow a redirect, nor send the body anywhere else', async () => {
    const elsewhere = await faultServer()
    for (const status of [301, 302, 303, 307, 308]) await answered(status, refused, { location: elsewhere.url })
    expect(elsewhere.connections).to.equal(0)
    await elsewhere.close()
  })

  it('E71 retries after 409 when retryOn says so', async () => {
    server.fault = answer(409)
    const sink = await sinkTo({ retryOn: 409 }, { retries: 2 }).send(record)
    expect(sink.stats).to.include({ stored: 1, refused: 0, attempts: 3 })
    await sink.recoversWith(server)
  })

  it('E73 splits a batch that is too large until the halves are taken', async () => {
    server.fault = exchange => answer(exchange.request.text.trim().split('\n').length > 3 ? 413 : 200)(exchange)
    const sink = sinkTo({ format: 'ndjson', batchSize: 10, batchDelay: 1_000 })
    sink.http.cork()
    for (let id = 0; id < 10; id++) sink.http.write({ id })
    sink.http.uncork()
    await sink.idle()
    // 10 → 5 + 5 → (3 + 2) + (3 + 2)
    expect(sink.stats).to.include({ delivered: 10, stored: 0, attempts: 7 })
    expect(server.requests).to.have.length(7)
    const keys = server.requests.map(({ headers }) => headers['idempotency-key']!)
    expect(new Set(keys).size, 'a key of its own for each part').to.equal(7)
    await sink.end()
  })

  it('E75 retries after 421 on a new connection', async () => {
    server.fault = ({ request, socket }) => answer(request.connection === 0 ? 421 : 200)({ request, socket })
    const sink = await sinkTo({ numWriters: 1 }).send(record)
    expect(sink.stats).to.include({ delivered: 1, attempts: 2 })
    expect(server.requests.map(({ connection }) => connection)).to.deep.equal([0, 1])
    await sink.recovers()
  })

  it('E77 leaves the whole endpoint alone for as long as Retry-After says', async () => {
    let asked = 0
    server.fault = exchange => {
      if (asked > 0) return answer(200)(exchange)
      asked = performance.now()
      answer(429, { 'retry-after': 1 })(exchange)
    }
    const sink = sinkTo({ numWriters: 1 })
    await sink.send(...Array.from({ length: 20 }, (_, id) => ({ id })))
    expect(sink.stats).to.include({ delivered: 20, attempts: 21 })
    const second = server.requests[1]!.at - asked
    expect(second, 'first attempts wait too').to.be.within(1_000, 3_000)
    await sink.recovers()
  })

  it('E78 waits until the date of a Retry-After', async () => {
    const date = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 1_000)
    server.fault = exchange =>
      answer(Date.now() < date.getTime() ? 503 : 200, { 'retry-after': date.toUTCString() })(exchange)
    const sink = await sinkTo().send(record)
    expect(sink.stats).to.include({ delivered: 1, attempts: 2 })
    await sink.recovers()
  })

  it('E78 takes a date that has passed for no wait', async () => {
    server.fault = answer(503, { 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' })
    await quicklyRetried()
  })

  it('E79 ignores a Retry-After that is none', async () => {
    const garbage = ['abc', '', '1e3', '0x10', '3, 5', '-5', '1.5', '+5', '5 seconds', '2100-01-01', 'Jan 1 2100', '∞']
    for (const value of [...garbage, ['3', '5']]) {
      server.fault = answer(429, { 'retry-after': value })
      await quicklyRetried()
    }
  })

  async function quicklyRetried(): Promise<void> {
    const start = performance.now()
    const sink = await sinkTo({}, { retries: 2 }).send(record)
    expect(performance.now() - start).to.be.below(900)
    expect(sink.stats).to.include({ stored: 1, attempts: 3 })
    expect(sink.stored[0]!.notBefore).to.equal(undefined)
    await sink.recoversWith(server)
  }

  it('E80 stores, with the time, what is not to be sent again for longer than maxRetryAfter', async () => {
    for (const value of ['9999999999', 'Fri, 31 Dec 9999 23:59:59 GMT', '301']) {
      server.fault = answer(503, { 'retry-after': value })
      const sink = await sinkTo().send(record)
      expect(sink.stats, value).to.include({ stored: 1, refused: 0, attempts: 1 })
      expect(sink.stored[0]!.notBefore).to.be.above(Date.now() + 300_000)
      await sink.destroy()
    }
  })

  it('E80 ignores a number of seconds of more than ten digits', async () => {
    server.fault = answer(503, { 'retry-after': '1000000000000' })
    await quicklyRetried()
  })

  it('E82 goes by its own delays after a 429 that does not say for how long', async () => {
    server.fault = answer(429, { 'ratelimit-limit': 10, 'ratelimit-remaining': 0, 'ratelimit-reset': 50 })
    await quicklyRetried()
  })

  it('E86 delivers everything to an endpoint that fails half of the time', async () => {
    server.fault = flaky(0.5, 503, seededRandom(7))
    const sink = sinkTo({}, { retries: 60 })
    await sink.send(...Array.from({ length: 500 }, (_, id) => ({ id })))
    expect(sink.stats).to.include({ delivered: 500, stored: 0 })
    expect(sink.stats.attempts / 500).to.be.within(1.7, 2.4)
    expect(server.requests).to.have.length(sink.stats.attempts)
    await sink.recovers()
  })
})
