import { expect } from 'chai'
import { Delivery } from '../lib/delivery.ts'
import { httpSink } from '../lib/http-sink.ts'
import { HttpWritable } from '../lib/http-writable.ts'
import { servers } from './support/cleaning.ts'
import { answer } from './support/fault.ts'
import { faultServer } from './support/fault-server.ts'
import { MemoryStorage } from './support/memory-storage.ts'
import { TestSink } from './support/test-sink.ts'
import { until, within } from './support/waiting.ts'

describe('what comes late', () => {
  const serve = servers()

  it('settles a delivery as abandoned that is written to a stream that was destroyed', async () => {
    const http = new HttpWritable({ url: 'http://127.0.0.1:9/' })
    http.on('error', () => {})
    http.destroy()
    const outcomes: string[] = []
    const delivery = new Delivery(['1']).onSettled(outcome => void outcomes.push(outcome))
    http.write(delivery)
    await http.settled()
    expect(outcomes).to.deep.equal(['abandoned'])
    expect(http.stats()).to.include({ accepted: 1, abandoned: 1 })
  })

  it('tells a settle hook at once of a delivery that is settled already', async () => {
    const delivery = new Delivery(['1'])
    await delivery.settle('stored')
    const outcomes: string[] = []
    delivery.onSettled(outcome => void outcomes.push(outcome))
    expect(outcomes).to.deep.equal(['stored'])
  })

  it('tells a settle hook at once of a delivery that a stream has settled', async () => {
    const server = await serve(answer(200))
    const http = new HttpWritable({ url: server.url })
    const delivery = new Delivery(['1'])
    http.end(delivery)
    await within(http.settled(), 'the stream')
    const outcomes: string[] = []
    delivery.onSettled(outcome => void outcomes.push(outcome))
    expect(outcomes).to.deep.equal(['delivered'])
  })

  it('begins no attempt beyond maxElapsed, whatever it had to wait for', async () => {
    let requests = 0
    const server = await faultServer(exchange => {
      requests++
      if (requests === 1) answer(503)(exchange)
      else if (requests === 2) answer(503, { 'retry-after': '2' })(exchange)
      else answer(200)(exchange)
    })
    const retry = { retries: 50, minDelay: 300, maxDelay: 300, maxElapsed: 600 }
    const sink = new TestSink({ url: server.url, numWriters: 1 }, retry)
    await sink.send(1, 2)
    expect(sink.stats).to.include({ stored: 2, delivered: 0 })
    expect(requests).to.equal(2)
    await sink.end()
    await server.close()
  })

  it('stores what a sink holds when it is destroyed while it waits for a retry', async () => {
    const storage = new MemoryStorage()
    const sink = httpSink({ http: { url: 'http://127.0.0.1:9/' }, retry: { minDelay: 60_000 }, failover: { storage } })
    sink.on('error', () => {})
    for (let i = 0; i < 10; i++) await new Promise(resolve => sink.write(i, resolve))
    sink.destroy(new Error('mine'))
    await within(sink.settled(), 'the sink')
    expect(sink.stats()).to.include({ accepted: 10, stored: 10, abandoned: 0 })
  })

  it('does not wait for ever for an append that never comes back when it is destroyed', async () => {
    const storage = new MemoryStorage()
    storage.beforeAppend = () => new Promise<void>(() => {})
    const sink = httpSink({
      http: { url: 'http://127.0.0.1:9/', drainTimeout: 100 },
      retry: { retries: 0 },
      failover: { storage }
    })
    sink.write(1)
    await until(() => storage.underWay === 1, 'an append')
    let closed = false
    sink.once('close', () => (closed = true))
    sink.destroy()
    await until(() => closed, 'the end of the sink')
  })
})
