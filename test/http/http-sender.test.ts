import { expect } from 'chai'
import type { Delivery } from '../../lib/delivery.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import type { Sender } from '../../lib/http/sender.ts'
import { answer, never, scripted } from '../support/fault.ts'
import { type FaultServer, faultServer } from '../support/fault-server.ts'
import { until, within } from '../support/waiting.ts'

describe('The built-in Sender, inside another', () => {
  let server: FaultServer
  let http: HttpWritable
  afterEach(async () => {
    http.destroy()
    await server.close()
  })

  async function open(
    fault = answer(200),
    wrapSender: (inner: Sender) => Sender = inner => inner
  ): Promise<Delivery[]> {
    server = await faultServer(fault)
    http = new HttpWritable({ url: server.url, wrapSender, timeout: 5_000 })
    const failed: Delivery[] = []
    http.on('data', (delivery: Delivery) => failed.push(delivery))
    return failed
  }

  it('resolves once the endpoint has acknowledged', async () => {
    await open()
    http.end(1)
    await within(http.settled(), 'the stream to be settled')
    expect(http.stats()).to.include({ delivered: 1 })
    expect(server.requests[0]!.headers['idempotency-key']).to.be.a('string')
  })

  it('rejects with the error of the attempt', async () => {
    const failed = await open(answer(503, { 'retry-after': '0' }))
    http.end(1)
    await within(http.settled(), 'the stream to be settled')
    expect(failed[0]!.error).to.include({ status: 503, retryAfter: 0 })
  })

  it('can be asked again within one attempt', async () => {
    const twice = (inner: Sender): Sender => ({
      send: (delivery, signal) => inner.send(delivery, signal).catch(() => inner.send(delivery, signal))
    })
    await open(scripted([answer(401), answer(200)]), twice)
    http.end(1)
    await within(http.settled(), 'the stream to be settled')
    expect(http.stats()).to.include({ delivered: 1, attempts: 1 })
    expect(server.requests).to.have.length(2)
  })

  it('gives up its connection when the signal aborts, the one of the Sender around it too', async () => {
    let own = new AbortController()
    const impatient = (inner: Sender): Sender => ({
      send: (delivery, signal) => inner.send(delivery, AbortSignal.any([signal, own.signal]))
    })
    const failed = await open(never(), impatient)
    http.write(1)
    await until(() => server.requests.length === 1)
    own.abort()
    await until(() => failed.length === 1 && server.openConnections === 0)
    expect(failed[0]!.error).to.include({ code: 'SPW_ERR_SENDER' })
    own = new AbortController()
    own.abort()
    http.write(2)
    await until(() => failed.length === 2)
    expect(server.requests).to.have.length(1)
  })
})
