import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { chain } from 'stream-chain'
import type { Delivery } from '../../lib/delivery.ts'
import { OptionsError, StorageError, StreamError } from '../../lib/errors.ts'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import type { Sender } from '../../lib/http/sender.ts'
import { RetryTransform } from '../../lib/retry-transform.ts'
import { answer, flaky, HeldAnswers, seededRandom, stopReading } from '../support/fault.ts'
import { type FaultServer, faultServer } from '../support/fault-server.ts'
import { EnvelopeStorage } from '../support/envelope-storage.ts'
import { expectConserved, pause, TestSink, unsettled, until } from '../support/test-sink.ts'

describe('the streams as streams', () => {
  let server: FaultServer
  let held: HeldAnswers
  const sinks: TestSink[] = []

  beforeEach(async () => {
    held = new HeldAnswers()
    server = await faultServer(held.fault)
  })

  afterEach(async () => {
    await Promise.all(sinks.splice(0).map(sink => sink.destroy()))
    await server.close()
  })

  const sinkTo = (http: object = {}, retry: object = {}, storage?: EnvelopeStorage): TestSink => {
    const sink = new TestSink({ url: server.url, timeout: 60_000, ...http }, retry, storage)
    sinks.push(sink)
    return sink
  }

  /** A source that counts what it gave. */
  const counted = (records: number, make: (id: number) => unknown = id => ({ id })): Readable & { given: number } => {
    const source = Object.assign(
      new Readable({
        objectMode: true,
        read() {
          this.push(source.given < records ? make(source.given++) : null)
        }
      }),
      { given: 0 }
    )
    return source
  }

  /** Waits until a source has given nothing for a while. */
  async function standstill(source: { given: number }): Promise<void> {
    for (let before = -1; source.given !== before;) {
      before = source.given
      await pause(250)
    }
  }

  it('S01 finishes only after everything under way is settled', async () => {
    const sink = sinkTo({ numWriters: 2 })
    let finished = false
    sink.http.on('finish', () => (finished = true))
    for (let id = 0; id < 4; id++) sink.http.write({ id })
    sink.http.end()
    for (let left = 4; left > 0; left--) {
      await until(() => held.waiting.length > 0, 'a request')
      await pause(10)
      expect(finished, `with ${left} left`).to.equal(false)
      held.release()
    }
    expect(await sink.done).to.equal(undefined)
    expect(finished).to.equal(true)
    expect(sink.stats).to.include({ accepted: 4, delivered: 4 })
  })

  it('S02 settles everything and calls every callback when it is destroyed', async () => {
    const sink = sinkTo({ numWriters: 2, queueCapacity: 4 })
    const called: Array<Error | null | undefined> = []
    for (let id = 0; id < 20; id++) sink.http.write({ id }, (error?: Error | null) => called.push(error))
    await until(() => held.waiting.length === 2, 'requests')
    const before = sink.stats
    expect(unsettled(before)).to.equal(before.accepted)
    sink.http.destroy()
    await sink.http.settled()
    expectConserved(sink.stats)
    expect(sink.stats).to.include({ abandoned: before.accepted, delivered: 0 })
    expect(called).to.have.length(20)
    // The one callback that was held tells of the destruction, though its record was accepted.
    expect(called.filter(error => !error).length).to.be.within(before.accepted - 1, before.accepted)
    await until(() => server.openConnections === 0, 'the connections to be closed')
  })

  it('S02 settles what waits for a retry or for the storage when that stream is destroyed', async () => {
    server.fault = answer(503)
    const outcomes: string[] = []
    const storage = new EnvelopeStorage(() => pause(50))
    const sink = sinkTo({ numWriters: 4 }, { retries: 1, minDelay: 20, maxDelay: 20 }, storage)
    sink.storage.before = deliveries => (
      deliveries.forEach(one => one.onSettled(o => void outcomes.push(o))),
      pause(50)
    )
    for (let id = 0; id < 40; id++) sink.http.write({ id })
    await until(() => sink.stats.storing > 0 && sink.stats.retrying > 0, 'some of each')
    await sink.destroy()
    expectConserved(sink.stats)
    expect(unsettled(sink.stats)).to.equal(0)
    expect(sink.stats.abandoned).to.be.above(0)
    expect(sink.stats.stored, 'an append under way is waited for').to.equal(sink.stored.length)
  })

  it('S04 settles everything when the source of a pipeline fails', async () => {
    const [http, retry, storage] = [new HttpWritable({ url: server.url }), new RetryTransform(), new EnvelopeStorage()]
    const failover = new FailoverWritable({ storage })
    const source = new Readable({ objectMode: true, read: () => {} })
    const through = pipeline(source, http, retry, failover).catch((error: Error) => error)
    for (let id = 0; id < 10; id++) source.push({ id })
    await until(() => held.waiting.length === 10, 'requests')
    source.destroy(new Error('the source failed'))
    expect(await through).to.have.property('message', 'the source failed')
    await Promise.all([http.settled(), retry.settled(), failover.settled()])
    expect(http.stats()).to.include({ accepted: 10, abandoned: 10, inFlight: 0, waiting: 0 })
  })

  it('S05 drains when its signal aborts: what is under way finishes, the rest is stored', async () => {
    const controller = new AbortController()
    const sink = sinkTo({ numWriters: 2, signal: controller.signal, drainTimeout: 5_000 })
    for (let id = 0; id < 50; id++) sink.http.write({ id })
    await until(() => held.waiting.length === 2, 'requests')
    controller.abort()
    await until(() => sink.stats.stored === 48, 'the rest to be stored')
    held.releaseAll()
    await sink.send({ id: 'late' })
    expect(sink.stats).to.include({ accepted: 51, delivered: 2, stored: 49, abandoned: 0 })
    expect(new Set(sink.stored.map(({ outcome, attempts }) => `${outcome} ${attempts}`))).to.deep.equal(
      new Set(['shutdown 0'])
    )
    expect(server.requests).to.have.length(2)
    await sink.end()
  })

  it('S05 cuts off what is under way when the time to drain is over', async () => {
    const controller = new AbortController()
    const sink = sinkTo({ numWriters: 2, signal: controller.signal, drainTimeout: 100 })
    for (let id = 0; id < 10; id++) sink.http.write({ id })
    await until(() => held.waiting.length === 2, 'requests')
    controller.abort()
    await sink.idle()
    expect(sink.stats).to.include({ accepted: 10, stored: 10, ambiguous: 2 })
    expect(sink.stored.filter(({ outcome }) => outcome === 'shutdown')).to.have.length(8)
    await sink.end()
  })

  it('S07 gives the error of a write after the end to that write, and settles the others', async () => {
    const sink = sinkTo()
    sink.http.write({ id: 1 })
    await until(() => held.waiting.length === 1, 'the request')
    sink.http.end()
    const failed = new Promise<Error | null | undefined>(resolve => sink.http.write({ id: 2 }, resolve))
    expect(await failed).to.have.property('code', 'ERR_STREAM_WRITE_AFTER_END')
    held.releaseAll()
    await sink.done
    await sink.http.settled()
    expect(sink.stats).to.include({ accepted: 1 })
    expect(unsettled(sink.stats)).to.equal(0)
    expectConserved(sink.stats)
  })

  it('S08 takes in no more than twice its capacity from a writer who does not listen', async () => {
    const sink = sinkTo({ queueCapacity: 1_000, numWriters: 4 })
    const before = process.memoryUsage().rss
    const writes = 300_000
    let overflown = 0
    for (let id = 0; id < writes; id++) {
      sink.http.write({ id, filling: 'x'.repeat(100) }, (error?: Error | null) => {
        if ((error as StreamError | undefined)?.code === 'SPW_ERR_OVERFLOW') overflown++
      })
      if (id % 10_000 === 0) await pause(0)
    }
    await pause(10)
    expect(sink.stats.accepted).to.be.at.most(2_000)
    expect(sink.http.writableLength).to.be.at.most(2_000)
    expect(overflown).to.be.at.least(writes - 2_000 - 4)
    expect(process.memoryUsage().rss - before).to.be.below(150_000_000)
    server.fault = answer(200)
    held.releaseAll()
    await sink.idle()
    expect(sink.stats.stored + sink.stats.abandoned).to.equal(0)
    await sink.recovers()
  }).timeout(30_000)

  it('S09 pauses a fast source for a slow endpoint', async () => {
    server.fault = exchange => void setTimeout(() => answer(200)(exchange), 20)
    const sink = sinkTo({ queueCapacity: 20, numWriters: 4 })
    const source = counted(300)
    let most = 0
    const watch = setInterval(() => (most = Math.max(most, source.given - sink.stats.delivered)), 1)
    await pipeline(source, sink.http, { end: false })
    await sink.idle()
    clearInterval(watch)
    // Beside the queue and the slots: Node's buffers of 16 in the source and in front of the queue.
    expect(most).to.be.within(20, 20 + 4 + 2 * 16 + 2)
    expect(sink.stats).to.include({ delivered: 300 })
  })

  it('S10 stands still while the endpoint is stalled', async () => {
    const sink = sinkTo({ queueCapacity: 100, numWriters: 4 })
    const source = counted(100_000)
    source.pipe(sink.http, { end: false })
    await until(() => held.waiting.length === 4, 'requests')
    await standstill(source)
    expect(source.given).to.be.within(100, 100 + 4 + 2 * 16 + 2)
    expect(server.requests).to.have.length(4)
    source.unpipe(sink.http)
    server.fault = answer(200)
    held.releaseAll()
    await sink.idle()
    await sink.recovers()
  })

  it('S10 keeps nothing of the attempts that are over while a delivery waits for the next one', async () => {
    const sink = sinkTo({ timeout: 250, numWriters: 16 }, { retries: 8, minDelay: 20, maxDelay: 20 })
    server.fault = stopReading()
    const before = await arrayBuffers()
    const filling = 'x'.repeat(1_000_000)
    for (let id = 0; id < 16; id++) sink.http.write({ id, filling })
    await until(() => sink.stats.attempts >= 5 * 16, 'four retries of each')
    // A megabyte for each that is under way. A stack trace that is kept holds the request, and that its body.
    expect((await arrayBuffers()) - before).to.be.below(40_000_000)
    await sink.idle()
    await sink.recoversWith(server)
  })

  it('S11 refuses the record on which the code of the user throws, and lives on', async () => {
    server.fault = answer(200)
    const bad = (record: unknown): boolean => (record as { bad?: boolean }).bad === true
    const format = {
      contentType: 'text/plain',
      encode: (record: unknown) => (bad(record) ? fail('encode') : JSON.stringify(record)),
      join: (parts: readonly unknown[]) => parts.join('')
    }
    const joining = {
      ...format,
      encode: JSON.stringify,
      join: (parts: string[]) => (/bad/.test(parts[0]!) ? fail('join') : parts[0]!)
    }
    const headers = (record: unknown): Record<string, string> => (bad(record) ? fail('headers') : {})
    const wrapSender = (inner: Sender): Sender => ({
      send: (delivery: Delivery, signal: AbortSignal) =>
        /bad/.test(String(delivery.records[0])) ? fail('send') : inner.send(delivery, signal)
    })
    const cases = [
      { http: { format }, code: 'SPW_ERR_ENCODE' },
      { http: { format: joining }, code: 'SPW_ERR_ENCODE' },
      { http: { headers }, code: 'SPW_ERR_REQUEST' },
      { http: { wrapSender }, code: 'SPW_ERR_SENDER' }
    ]
    for (const { http, code } of cases) {
      const sink = await sinkTo(http).send({ id: 1 }, { bad: true }, { id: 2 })
      expect(sink.stats, code).to.include({ accepted: 3, delivered: 2, stored: 1, refused: 1 })
      expect(sink.stored[0]!.lastError!.code).to.equal(code)
      await sink.recovers()
    }
  })

  it('S12 gives up at the deadline on a Sender of the user that never answers', async () => {
    server.fault = answer(200)
    let stuck = true
    const wrapSender = (inner: Sender): Sender => ({
      send: (delivery: Delivery, signal: AbortSignal) => (stuck ? new Promise(() => {}) : inner.send(delivery, signal))
    })
    const sink = sinkTo({ wrapSender, timeout: 150 }, { retries: 1 })
    await sink.send({ id: 1 })
    expect(sink.stats).to.include({ stored: 1, attempts: 2 })
    expect(sink.stored[0]!.lastError).to.deep.include({ code: 'SPW_ERR_TIMEOUT', phase: 'maybe-sent' })
    stuck = false
    await sink.recovers()
  })

  it('S13 settles everything when an async iterator as the source throws', async () => {
    async function* records(): AsyncGenerator<object> {
      for (let id = 0; id < 5; id++) yield { id }
      await until(() => held.waiting.length === 5, 'requests')
      throw new Error('the iterator failed')
    }
    const [http, retry, storage] = [new HttpWritable({ url: server.url }), new RetryTransform(), new EnvelopeStorage()]
    const failover = new FailoverWritable({ storage })
    const error = await pipeline(records, http, retry, failover).catch((error: Error) => error)
    expect(error).to.have.property('message', 'the iterator failed')
    await Promise.all([http.settled(), retry.settled(), failover.settled()])
    expect(http.stats()).to.include({ accepted: 5, abandoned: 5 })
  })

  it('S14 is refused inside chain(), and delivers behind one', async () => {
    const inside = new HttpWritable({ url: server.url })
    expect(() => chain([(x: unknown) => x, inside]))
      .to.throw(StreamError)
      .with.property('code', 'SPW_ERR_CHAIN')
    inside.destroy()
    server.fault = answer(200)
    const sink = sinkTo()
    await pipeline(counted(50), chain([(record: { id: number }) => ({ ...record, seen: true })]), sink.http)
    expect(await sink.done).to.equal(undefined)
    expect(sink.stats).to.include({ delivered: 50 })
    expect(JSON.parse(server.requests[0]!.text)).to.deep.equal({ id: 0, seen: true })
  })

  it('S17 checks the capacity of its queue', async () => {
    for (const highWaterMark of [0, -1, NaN, Infinity, 1.5, '16', 2e9]) {
      expect(
        () => new HttpWritable({ url: server.url, highWaterMark: highWaterMark as number }),
        String(highWaterMark)
      ).to.throw(OptionsError)
    }
    server.fault = answer(200)
    for (const highWaterMark of [1, 1e9]) {
      const sink = sinkTo({ highWaterMark })
      expect(sink.http.writableHighWaterMark).to.equal(highWaterMark)
      await pipeline(counted(100), sink.http)
      expect(await sink.done).to.equal(undefined)
      expect(sink.stats).to.include({ delivered: 100 })
    }
  })

  for (const [numWriters, queueCapacity] of [
    [1, 1],
    [1, 5],
    [3, 1],
    [8, 100]
  ] as const) {
    it(`S18 delivers all through a storm of retries with ${numWriters} slots and room for ${queueCapacity}`, async () => {
      const random = seededRandom(3)
      server.fault = exchange => (server.requests.length < 300 ? flaky(0.9, 503, random) : answer(200))(exchange)
      const sink = sinkTo({ numWriters, queueCapacity }, { retries: 1_000, queueCapacity, minDelay: 1, maxDelay: 2 })
      await pipeline(counted(200), sink.http)
      expect(await sink.done).to.equal(undefined)
      expect(sink.stats).to.include({ accepted: 200, delivered: 200, stored: 0 })
    })
  }

  it('S19 stops the source when the storage is slower than the failures', async () => {
    server.fault = answer(400)
    let open = (): void => {}
    const gate = new Promise<void>(resolve => (open = resolve))
    const sink = sinkTo({ queueCapacity: 50, numWriters: 4 }, { queueCapacity: 50 }, new EnvelopeStorage(() => gate))
    const source = counted(1_000_000)
    source.pipe(sink.http, { end: false })
    await until(() => sink.stats.storing > 0, 'an append')
    await standstill(source)
    const { given } = source
    // What the storage takes at once (2 × 1,000 and two appends), the three queues and Node's buffers.
    expect(given).to.be.below(4_500)
    expectConserved(sink.stats)
    source.unpipe(sink.http)
    open()
    await sink.idle()
    expect(sink.stats).to.include({ stored: sink.stats.accepted, refused: sink.stats.accepted })
    await sink.recoversWith(server)
  })

  it('S20 does not finish when the storage fails at the end, and tells what it could not keep', async () => {
    server.fault = answer(400)
    const broken = new StorageError('SPW_ERR_STORAGE', 'the disk is gone', { retryable: false })
    const sink = sinkTo({}, {}, new EnvelopeStorage(() => Promise.reject(broken)))
    const abandoned: unknown[] = []
    let finished = false
    sink.failover.on('finish', () => (finished = true))
    sink.retry.on('data', () => {})
    for (let id = 0; id < 3; id++) sink.http.write({ id })
    sink.http.end()
    expect(await sink.done).to.equal(broken)
    await Promise.all([sink.http.settled(), sink.retry.settled(), sink.failover.settled()])
    expect(finished).to.equal(false)
    expect(sink.stats).to.include({ accepted: 3, abandoned: 3, stored: 0 })
    expectConserved(sink.stats)
    expect(abandoned).to.have.length(0)
  })

  it('S21 never calls a callback twice, whenever it is destroyed', async () => {
    const random = seededRandom(11)
    for (let round = 0; round < 60; round++) {
      server.fault = flaky(0.5, random() < 0.5 ? 503 : 400, random)
      const sink = sinkTo(
        { numWriters: 3, queueCapacity: 5 },
        { retries: 2, queueCapacity: 3 },
        new EnvelopeStorage(() => pause(random() * 3))
      )
      let calls = 0
      for (let id = 0; id < 8; id++) sink.http.write({ id }, () => calls++)
      await pause(random() * 12)
      const [stream] = [sink.http, sink.retry, sink.failover].sort(() => random() - 0.5)
      stream!.destroy(random() < 0.5 ? undefined : new Error('on purpose'))
      const error = await sink.done
      expect(error && 'code' in error && error.code).to.not.equal('ERR_MULTIPLE_CALLBACK')
      await sink.destroy()
      expect(calls, 'each write is called back once').to.equal(8)
      expectConserved(sink.stats)
      expect(unsettled(sink.stats)).to.equal(0)
    }
  })

  it('S22 leaks no listeners over 20,000 records', async () => {
    const warnings: Error[] = []
    const listen = (warning: Error): void => void warnings.push(warning)
    process.on('warning', listen)
    server.fault = flaky(0.2)
    const sink = sinkTo({}, { retries: 50 })
    const listeners = (): number =>
      [sink.http, sink.retry, sink.failover].reduce(
        (sum, stream) => sum + stream.eventNames().reduce((count, name) => count + stream.listenerCount(name), 0),
        0
      )
    await sink.send({ id: 'first' })
    const before = listeners()
    await pipeline(counted(20_000), sink.http, { end: false })
    await sink.idle()
    await pause(0)
    expect(sink.stats).to.include({ delivered: 20_001 })
    expect(listeners()).to.be.at.most(before + 2)
    process.off('warning', listen)
    expect(warnings).to.deep.equal([])
    await sink.end()
  })
})

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes in buffers that are still held by something. */
async function arrayBuffers(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await pause(2)
    collect()
  }
  return process.memoryUsage().arrayBuffers
}

function fail(what: string): never {
  throw new Error(`${what} of the user`)
}
