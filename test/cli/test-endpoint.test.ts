import { expect } from 'chai'
import { TestEndpoint, type TestEndpointOptions } from '../../lib/cli/test-endpoint.ts'
import { freePorts } from '../support/servers/free-ports.ts'

describe('TestEndpoint', () => {
  let endpoint: TestEndpoint
  let url: string

  async function start(options: Partial<TestEndpointOptions> = {}): Promise<void> {
    endpoint = new TestEndpoint({ port: 0, latency: 0, fail: 0, status: 503, ...options })
    url = await endpoint.start()
  }

  afterEach(() => endpoint.close())

  const post = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url, { method: 'POST', body, headers })

  it('listens on loopback only', async () => {
    await start()
    expect(url).to.match(/^http:\/\/127\.0\.0\.1:\d+\/$/)
  })

  it('counts requests, bytes and records: elements of an array, lines of ndjson, else one a request', async () => {
    await start()
    await post('[{"a":1},{"a":2},{"a":3}]', { 'content-type': 'application/json' })
    await post('{"a":4}', { 'content-type': 'application/json' })
    await post('{"a":5}\n{"a":6}\n', { 'content-type': 'application/x-ndjson' })
    await fetch(`${url}?a=7`)
    expect(endpoint.report()).to.deep.include({
      requests: 4,
      records: 7,
      acknowledged: 7,
      bytes: 48,
      uniqueKeys: 0,
      byStatus: { 200: 4 }
    })
  })

  it('counts different idempotency keys', async () => {
    await start()
    for (const key of ['a', 'b', 'a']) await post('{}', { 'idempotency-key': key })
    expect(endpoint.report()).to.deep.include({ requests: 3, uniqueKeys: 2 })
  })

  it('answers a share of the requests with the status', async () => {
    await start({ fail: 1, status: 429 })
    expect((await post('{}')).status).to.equal(429)
    expect(endpoint.report()).to.deep.include({ records: 1, acknowledged: 0, byStatus: { 429: 1 } })
    await endpoint.close()
    await start({ fail: 0.5 })
    const statuses = await Promise.all(Array.from({ length: 60 }, async () => (await post('{}')).status))
    expect(new Set(statuses)).to.deep.equal(new Set([200, 503]))
  })

  it('answers without a body by a status that has none', async () => {
    for (const status of [204, 304]) {
      await start({ fail: 1, status })
      const { status: answered, headers } = await post('{}')
      expect([answered, headers.get('content-length')]).to.deep.equal([status, null])
      if (status === 204) await endpoint.close()
    }
  })

  it('answers after the latency', async () => {
    await start({ latency: 80 })
    const started = performance.now()
    await post('{}')
    expect(performance.now() - started).to.be.at.least(75)
  })

  it('takes no connection while it is down, and is there again at the same URL', async () => {
    const [port] = (await freePorts(1)) as [number]
    await start({ port, down: { from: 20, to: 700 } })
    const answer = async (): Promise<string | number> => {
      const response = await post('{}').catch((reason: unknown) => reason as { cause: { code: string } })
      return response instanceof Response ? response.status : response.cause.code
    }
    while ((await answer()) !== 'ECONNREFUSED') await new Promise(resolve => setTimeout(resolve, 10))
    while ((await answer()) !== 200) await new Promise(resolve => setTimeout(resolve, 10))
  })
})
