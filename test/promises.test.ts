import { once } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import fc from 'fast-check'
import { restore, useFakeTimers } from 'sinon'
import chain from 'stream-chain'
import { Delivery } from '../lib/delivery.ts'
import type { Outcome } from '../lib/delivery/settlement.ts'
import { DeliveryError } from '../lib/errors.ts'
import { type FailoverRules, FailoverWritable } from '../lib/failover-writable.ts'
import { timedOut } from '../lib/http/failure.ts'
import { type HttpOptions, HttpWritable } from '../lib/http-writable.ts'
import { type RetryOptions, RetryTransform } from '../lib/retry-transform.ts'
import { cleaning, servers } from './support/cleaning.ts'
import { answer, HeldAnswers, never, seededRandom } from './support/fault.ts'
import { expectLaw, expectOver } from './support/law.ts'
import { answered, ManualSender } from './support/manual-sender.ts'
import { hushStalls, MemoryStorage, storageFailure } from './support/memory-storage.ts'
import { freePorts } from './support/servers/free-ports.ts'
import { paused, turns, until, within } from './support/waiting.ts'

const nowhere = 'http://127.0.0.1:9/'
const serve = servers()
const destroyed = cleaning((line: Line) => {
  for (const stream of [line.http, line.retry, line.failover]) stream.destroy()
})

interface LineOptions {
  /** Whether the streams are piped; `pipeline()` does it itself. @default true */
  piped?: boolean
  http?: HttpOptions
  retry?: RetryOptions
  failover?: FailoverRules
}

/** The three streams, one piped into the next, over a Sender and a storage of the test. */
class Line {
  readonly sender = new ManualSender()
  readonly storage = new MemoryStorage()
  readonly http: HttpWritable
  readonly retry: RetryTransform
  readonly failover: FailoverWritable
  readonly errors: unknown[] = []

  constructor({ http, retry, failover, piped = true }: LineOptions = {}) {
    this.http = new HttpWritable({ url: nowhere, wrapSender: this.sender.wrap, ...http })
    this.retry = new RetryTransform({ minDelay: 1, maxDelay: 1, ...retry })
    this.failover = new FailoverWritable({ storage: this.storage, ...failover })
    for (const stream of [this.http, this.retry, this.failover]) stream.on('error', error => this.errors.push(error))
    if (piped) this.http.pipe(this.retry).pipe(this.failover)
    destroyed(this)
  }

  /** Ends, and waits until all is settled. */
  async over(): Promise<void> {
    this.http.end()
    await this.settled()
  }

  async settled(): Promise<void> {
    const all = [this.http.settled(), this.retry.settled(), this.failover.settled()]
    await within(Promise.all(all), 'the streams to be settled')
  }

  async destroy(): Promise<void> {
    for (const stream of [this.http, this.retry, this.failover]) stream.destroy()
    await this.settled()
  }

  write(...records: unknown[]): void {
    for (const record of records) this.http.write(record)
  }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const texts = (count: number): string[] => numbers(count).map(String)

/** How many timers keep the process alive, mocha's own among them, which it sets once the test has begun. */
async function timers(): Promise<number> {
  await turns(2)
  return process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
}

/** Deliveries of one record each, and what each of them was settled as. */
function watched(count: number): { given: Delivery[]; outcomes: Outcome[][] } {
  const outcomes: Outcome[][] = numbers(count).map(() => [])
  const given = outcomes.map((list, i) => new Delivery([String(i)]).onSettled(outcome => void list.push(outcome)))
  return { given, outcomes }
}

describe('Promise 1: no loss', () => {
  hushStalls()

  const failures = [
    () => answered(503),
    () => answered(500),
    () => answered(404),
    () => answered(409),
    () => answered(503, { 'retry-after': '0' }),
    () => timedOut(1, true, 'at-least-once'),
    () => timedOut(1, true, 'at-most-once'),
    () => new TypeError('of the Sender')
  ]

  async function randomRun(seed: number): Promise<void> {
    const random = seededRandom(seed)
    const below = (limit: number): number => Math.floor(random() * limit)
    const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!
    const batchSize = oneOf([1, 1, 2, 5])
    const line = new Line({
      piped: false,
      http: {
        numWriters: oneOf([1, 2, 8]),
        queueCapacity: batchSize + oneOf([0, 1, 20]),
        queueBytes: oneOf([200, 100_000]),
        batchSize,
        batchDelay: oneOf([0, 2]),
        drainTimeout: 5
      },
      retry: { retries: oneOf([0, 1, 3]), queueCapacity: oneOf([1, 3, 50]), queueBytes: oneOf([50, 100_000]) },
      failover: { batchSize: oneOf([1, 3, 100]) }
    })
    const { sender, storage, http } = line
    const failing = oneOf([0.05, 0.3, 0.9])
    const settledAs: Record<string, Outcome[]> = {}
    let acknowledged = 0
    let broken = false
    storage.beforeAppend = async () => {
      if (random() < 0.3) await paused(below(3))
      if (random() < 0.1) throw storageFailure(true)
      if (broken) throw storageFailure(false)
    }
    const act = (): void => {
      for (const attempt of [...sender.open]) {
        const chance = random()
        const { records } = attempt.delivery
        if (chance < 0.4) continue
        if (chance < 0.4 + failing * 0.6)
          attempt.fail(records.length > 1 && random() < 0.3 ? answered(413, {}, 2) : oneOf(failures)())
        else {
          attempt.ok()
          acknowledged += records.length
        }
      }
      expectLaw(http.stats())
      expectLaw(line.retry.stats())
      expectLaw(line.failover.stats())
    }
    const source = Readable.from(
      (function* () {
        for (let i = 0; i < 60; i++) {
          const chance = random()
          if (chance < 0.05) yield { refused: 1n }
          else if (chance < 0.2) {
            const id = `m${i}`
            settledAs[id] = []
            yield new Delivery([id, id]).onSettled(async outcome => {
              settledAs[id]!.push(outcome)
              if (random() < 0.5) await paused(1)
            })
          } else yield { i, text: 'x'.repeat(below(40)) }
        }
      })()
    )
    const streams = [source, http, line.retry, line.failover]
    const piped = pipeline(streams).catch(() => {})
    const ending = oneOf(['end', 'end', 'drain', 'destroy', 'break', 'fail'])
    const at = below(40)
    const victim = oneOf([http, line.retry, line.failover])
    let before = ''
    let changedAt = performance.now()
    for (let step = 0; !line.failover.closed; step++) {
      const now = JSON.stringify(http.stats())
      if (now !== before) changedAt = performance.now()
      // Far more than the storage pauses when it fails some times in a row.
      if (performance.now() - changedAt > 10_000) throw new Error(`It hangs: ${now}`)
      before = now
      if (step === at && ending === 'drain') http.drain(5)
      if (step === at && ending === 'destroy') victim.destroy()
      if (step === at && ending === 'fail') broken = true
      if (step === at && ending === 'break') source.destroy(new Error('mine'))
      act()
      await turns(1)
      if (step % 4 === 0) await paused(0)
    }
    await piped
    await line.settled()
    const stats = http.stats()
    expectOver(stats)
    expect(stats.accepted).to.equal(stats.delivered + stats.stored + stats.abandoned)
    expect(stats.stored, 'stored').to.equal(storage.records.length)
    // What the endpoint acknowledges as it is cut off is not heard of.
    expect(stats.delivered).to.be.at.most(acknowledged)
    if (ending === 'end') expect(stats.delivered).to.equal(acknowledged)
    if (ending === 'end' || ending === 'drain') expect(stats.abandoned).to.equal(0)
    for (const [id, outcomes] of Object.entries(settledAs)) expect(outcomes.length, id).to.be.at.most(1)
    if (ending === 'end' || ending === 'drain') {
      for (const [id, outcomes] of Object.entries(settledAs)) expect(outcomes.length, id).to.equal(1)
    }
  }

  it('holds, and the account adds up at every instant, under random faults', async function () {
    this.timeout(60_000)
    const start = Number(process.env.SEED ?? Date.now() % 1_000_000)
    for (let seed = start; seed < start + 40; seed++) {
      try {
        await randomRun(seed)
      } catch (error) {
        throw new Error(`With SEED=${seed}: ${(error as Error).message}`, { cause: error })
      }
    }
  })

  it('holds over sockets that break, answers that fail and an endpoint that is silent', async function () {
    this.timeout(30_000)
    const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
    const random = seededRandom(seed)
    const acknowledged = new Set<number>()
    const server = await serve(exchange => {
      const { socket, request } = exchange
      const chance = random()
      if (chance < 0.1) return answer(503)(exchange)
      if (chance < 0.15) return void socket.resetAndDestroy()
      if (chance < 0.2) return void socket.end()
      if (chance < 0.22) return
      if (chance < 0.26) return void socket.end('HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\nhalf')
      if (chance < 0.3) return answer(413)(exchange)
      for (const { id } of [JSON.parse(request.text)].flat() as Array<{ id: number }>) acknowledged.add(id)
      return answer(200)(exchange)
    })
    for (const batchSize of [1, 7]) {
      acknowledged.clear()
      const http = new HttpWritable({
        url: server.url,
        numWriters: 8,
        batchSize,
        batchDelay: 1,
        timeout: 150,
        queueCapacity: 50
      })
      const storage = new MemoryStorage()
      const retry = new RetryTransform({ retries: 2, minDelay: 1, maxDelay: 5, queueCapacity: 20 })
      const source = Readable.from(numbers(400).map(id => ({ id })))
      await within(
        pipeline(source, http, retry, new FailoverWritable({ storage })),
        `the pipeline, SEED=${seed}`,
        20_000
      )
      await http.settled()
      const stats = http.stats()
      expectOver(stats)
      expect(stats, `SEED=${seed}`).to.include({ accepted: 400, abandoned: 0 })
      const stored = new Set(storage.records.map(text => (JSON.parse(text as string) as { id: number }).id))
      const lost = numbers(400).filter(id => !acknowledged.has(id) && !stored.has(id))
      expect(lost, `SEED=${seed}`).to.deep.equal([])
    }
  })

  it('holds through a pipeline with a chain before it', async () => {
    const line = new Line({ piped: false })
    line.sender.script = ({ records }) => (Number(records[0]) % 10 === 0 ? answered(400) : undefined)
    const doubled = chain([(i: number) => i * 2, (i: number) => (i % 4 === 0 ? i : null)])
    await pipeline(Readable.from(numbers(100)), doubled, line.http, line.retry, line.failover)
    expect(line.http.stats()).to.include({ accepted: 50, delivered: 40, stored: 10 })
  })

  it('keeps what the first stream cannot take from being forgotten: a source that fails is reported', async () => {
    const line = new Line({ piped: false })
    const source = Readable.from(
      (function* () {
        yield 1
        throw new Error('mine')
      })()
    )
    const failure = await pipeline(source, line.http, line.retry, line.failover).catch((error: unknown) => error)
    expect(failure).to.have.property('message', 'mine')
    await line.settled()
    expectOver(line.http.stats())
    expect(line.http.stats()).to.include({ accepted: 1, abandoned: 1 })
  })
})

describe('Promise 2: no false ack', () => {
  it('delivers only what that very request was acknowledged for', async () => {
    const held = new HeldAnswers()
    const server = await serve(held.fault)
    const http = new HttpWritable({ url: server.url, numWriters: 3 })
    const failed: unknown[] = []
    http.on('data', (delivery: Delivery) => failed.push(...delivery.records))
    const { given, outcomes } = watched(3)
    for (const delivery of given) http.write(delivery)
    await until(() => held.waiting.length === 3)
    held.release(answer(500), ({ request }) => request.text === '1')
    await until(() => failed.length === 1)
    expect([failed, outcomes[0], outcomes[2]]).to.deep.equal([['1'], [], []])
    held.release(answer(200), ({ request }) => request.text === '2')
    await until(() => outcomes[2]!.length === 1)
    expect([outcomes[0], outcomes[1], outcomes[2]]).to.deep.equal([[], [], ['delivered']])
    held.releaseAll()
    http.end()
    await within(http.settled(), 'the stream to be settled')
  })

  for (const [name, bytes] of [
    ['with a length', 'HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\nhalf'],
    ['in chunks', 'HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n']
  ] as const) {
    it(`E32 E33 takes no success for one whose body ${name} is cut`, async () => {
      const server = await serve(({ socket }) => void socket.end(bytes))
      const http = new HttpWritable({ url: server.url })
      http.end(1)
      const [delivery] = (await http.toArray()) as [Delivery]
      expect(delivery.error).to.include({ code: 'SPW_ERR_NETWORK', phase: 'maybe-sent', status: 200, retryable: true })
    })
  }

  it('takes no success for one whose body trickles beyond the deadline', async () => {
    const server = await serve(({ socket }) => {
      socket.write('HTTP/1.1 200 X\r\ncontent-length: 1000\r\n\r\n')
      const timer = setInterval(() => socket.write('x'), 10)
      socket.on('close', () => clearInterval(timer))
    })
    const http = new HttpWritable({ url: server.url, timeout: 80 })
    http.end(1)
    const [delivery] = (await http.toArray()) as [Delivery]
    expect(delivery.error).to.include({ code: 'SPW_ERR_TIMEOUT', phase: 'maybe-sent' })
  })
})

describe('Promise 3: bounded duplicates', () => {
  it('sends each record once where there is no fault, as first attempts under keys of their own', async () => {
    const server = await serve()
    const line = new Line({ piped: false, http: { url: server.url, wrapSender: inner => inner, queueCapacity: 10 } })
    await pipeline(Readable.from(numbers(200)), line.http, line.retry, line.failover)
    expect(server.requests.map(({ text }) => Number(text)).sort((a, b) => a - b)).to.deep.equal(numbers(200))
    expect(new Set(server.requests.map(({ headers }) => headers['idempotency-key'])).size).to.equal(200)
  })

  it('sends again under the same key what was answered, and the answer lost', async () => {
    let requests = 0
    const server = await serve(exchange => {
      if (requests++ === 0) exchange.socket.resetAndDestroy()
      else answer(200)(exchange)
    })
    const line = new Line({ http: { url: server.url, wrapSender: inner => inner } })
    line.write({ a: 1 })
    await line.over()
    expect(server.requests.map(({ text }) => text)).to.deep.equal(['{"a":1}', '{"a":1}'])
    const [first, second] = server.requests.map(({ headers }) => headers['idempotency-key'])
    expect(second).to.equal(first)
  })

  it('never sends again with at-most-once what may have arrived', async () => {
    const server = await serve(({ socket }) => void socket.resetAndDestroy())
    const line = new Line({ http: { url: server.url, wrapSender: inner => inner, semantics: 'at-most-once' } })
    line.write(1, 2)
    await line.over()
    expect(server.requests).to.have.length(2)
    expect(line.http.stats()).to.include({ stored: 2, ambiguous: 2, attempts: 2 })
  })
})

describe('Promise 4: accounting', () => {
  it('tells where each record is', async () => {
    const line = new Line({ http: { numWriters: 1 }, retry: { minDelay: 60_000, maxDelay: 60_000 } })
    let release = (): void => {}
    line.storage.beforeAppend = () => new Promise(resolve => (release = resolve))
    line.write(...numbers(5))
    const answers = [undefined, answered(503), answered(400)]
    for (const error of answers) {
      await turns()
      if (error === undefined) line.sender.open[0]!.ok()
      else line.sender.open[0]!.fail(error)
    }
    await turns()
    expect(line.http.stats()).to.deep.equal({
      accepted: 5,
      waiting: 1,
      inFlight: 1,
      retrying: 1,
      storing: 1,
      delivered: 1,
      stored: 0,
      abandoned: 0,
      handedBack: 0,
      refused: 0,
      ambiguous: 0,
      attempts: 4,
      retries: 0
    })
    release()
    await turns()
    expect(line.http.stats()).to.include({ storing: 0, stored: 1, refused: 1 })
    await line.destroy()
    expect(line.http.stats()).to.include({ accepted: 5, delivered: 1, stored: 1, abandoned: 3 })
  })

  it('counts records, not requests', async () => {
    const line = new Line({ http: { batchSize: 10 } })
    line.sender.script = (_, attempt) => (attempt === 1 ? answered(409) : undefined)
    line.write(...numbers(30))
    await line.over()
    expect(line.http.stats()).to.include({ accepted: 30, delivered: 20, stored: 10, refused: 10, attempts: 3 })
  })

  it('counts a delivery where it was until its hooks have come back, and against the capacity', async () => {
    const line = new Line({ http: { queueCapacity: 10, numWriters: 2 } })
    line.sender.script = () => undefined
    let given = 0
    const source = Readable.from(
      (function* () {
        for (;;) yield (given++, new Delivery(['1']).onSettled(() => new Promise(() => {})))
      })()
    )
    source.pipe(line.http)
    await turns(200)
    expect(given).to.be.at.most(10 + 64 + 2 * 16 + 2)
    expect(line.http.stats()).to.include({ delivered: 0 })
    expectLaw(line.http.stats())
    source.destroy()
    for (const stream of [line.http, line.retry, line.failover]) stream.destroy()
  })

  it('holds no slot while a hook runs', async () => {
    const line = new Line({ http: { numWriters: 1 } })
    line.http.write(new Delivery(['0']).onSettled(() => new Promise(() => {})))
    line.write(1)
    await turns()
    line.sender.okAll()
    await turns()
    expect(line.sender.openRecords).to.deep.equal(['1'])
    for (const stream of [line.http, line.retry, line.failover]) stream.destroy()
  })

  it('errors when a hook fails, and the record stays what it was', async () => {
    const line = new Line()
    line.http.write(new Delivery(['0']).onSettled(() => Promise.reject(new Error('mine'))))
    await turns()
    line.sender.okAll()
    await until(() => line.errors.length === 1)
    expect(line.errors[0]).to.include({ code: 'SPW_ERR_SETTLE' })
    await within(line.http.settled(), 'the stream to be settled')
    expect(line.http.stats()).to.include({ delivered: 0, inFlight: 1 })
    line.retry.destroy()
    line.failover.destroy()
  })
})

describe('Promise 5: bounded memory', () => {
  it('S10 takes in 1,016 records with a capacity of 1,000 and an endpoint that is silent, and no more', async () => {
    const line = new Line({ http: { queueCapacity: 1_000, numWriters: 1 } })
    let given = 0
    const source = new Readable({ objectMode: true, highWaterMark: 1, read: () => void source.push(given++) })
    source.pipe(line.http)
    await turns(300)
    expect(line.http.stats()).to.include({ accepted: 1_001, waiting: 1_000, inFlight: 1 })
    expect(line.http.writableLength).to.equal(1_016)
    const before = given
    await turns(100)
    expect(given).to.equal(before)
    source.destroy()
    await line.destroy()
  })

  it('S19 stops the source of a dead endpoint with a storage that stands still', async () => {
    const line = new Line({
      http: { queueCapacity: 20, numWriters: 4 },
      retry: { queueCapacity: 10, retries: 1 },
      failover: { batchSize: 5 }
    })
    line.sender.script = () => answered(503)
    const releases: Array<() => void> = []
    line.storage.beforeAppend = () => new Promise(resolve => releases.push(resolve))
    let given = 0
    const source = Readable.from(
      (function* () {
        for (;;) yield given++
      })()
    )
    source.pipe(line.http)
    await paused(100)
    const { accepted } = line.http.stats()
    // Two appends, the queue before them, the retries and the queue, and in front of each Node's buffers.
    expect(accepted).to.be.at.most(2 * 5 + 2 * 5 + 10 + 20 + 4 * 4 + 3 * 32)
    await paused(50)
    expect(line.http.stats().accepted).to.equal(accepted)
    source.destroy()
    line.storage.beforeAppend = () => {}
    const destroyed = line.destroy()
    for (const release of releases) release()
    await destroyed
  })

  it('counts the bytes of what is in flight and of what fails', async () => {
    const line = new Line({
      http: { queueBytes: 10_000, numWriters: 64 },
      retry: { queueBytes: 1, minDelay: 60_000, maxDelay: 60_000 }
    })
    line.sender.script = () => answered(503)
    let given = 0
    const source = Readable.from(
      (function* () {
        for (;;) yield (given++, 'x'.repeat(998))
      })()
    )
    source.pipe(line.http)
    await paused(50)
    expect(given).to.be.at.most(10 + 1 + 3 * 16 + 4)
    source.destroy()
    await line.destroy()
  })

  it('S22 leaves no listener and no timer behind for what it has done', async () => {
    const abort = new AbortController()
    const before = await timers()
    const line = new Line({ http: { signal: abort.signal, batchSize: 2, batchDelay: 60_000, timeout: 60_000 } })
    line.sender.script = ({ records }) => (records[0] === '4' ? answered(409) : undefined)
    line.write(...numbers(1_001))
    for (const stream of [line.http, line.retry, line.failover]) {
      for (const name of stream.eventNames()) expect(stream.listenerCount(name), String(name)).to.be.below(5)
    }
    await line.over()
    expect(await timers()).to.equal(before)
  })

  it('leaves no timer behind when it is destroyed', async () => {
    const before = await timers()
    const line = new Line({
      http: { batchSize: 10, batchDelay: 60_000, timeout: 60_000 },
      retry: { minDelay: 60_000, maxDelay: 60_000 }
    })
    line.sender.script = (_, attempt) => (attempt === 1 ? answered(503, { 'retry-after': '60' }) : answered(503))
    line.write(...numbers(25))
    await turns()
    await line.destroy()
    expect(await timers()).to.equal(before)
  })
})

describe('Promise 6: nothing hangs', () => {
  it('E29 ends each attempt at its own deadline, under load too', async () => {
    const server = await serve(never())
    const line = new Line({
      http: { url: server.url, wrapSender: inner => inner, timeout: 100, numWriters: 4 },
      retry: { retries: 0 }
    })
    const start = performance.now()
    // They do not all begin at once, so that their deadlines are spread.
    for (let i = 0; i < 12; i++) {
      line.write(i)
      await paused(15)
    }
    await line.over()
    // Three rounds of 100 ms, on a machine that may be busy.
    expect(performance.now() - start).to.be.within(295, 2_000)
    expect(line.http.stats()).to.include({ stored: 12, attempts: 12 })
  })

  it('P12 takes no stall of the event loop for a silent endpoint', async () => {
    // In a thread of its own, so that it answers while this one stalls.
    const code = `
      const { createServer } = require('node:http')
      const { parentPort, workerData } = require('node:worker_threads')
      const server = createServer((request, response) => {
        response.on('finish', () => Atomics.add(workerData, 0, 1))
        request.resume().on('end', () => response.end('ok'))
      })
      server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`
    const answers = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(code, { eval: true, workerData: answers })
    const [port] = (await once(worker, 'message')) as [number]
    const url = `http://127.0.0.1:${port}/`
    const line = new Line({
      http: { url, wrapSender: undefined as never, timeout: 200, numWriters: 20 },
      retry: { retries: 0 }
    })
    // The connections are there already.
    line.write(...numbers(20))
    await until(() => line.http.stats().delivered === 20)
    line.write(...numbers(20))
    await turns(2)
    const start = performance.now()
    const isOver = (): boolean => performance.now() - start > (Atomics.load(answers, 0) < 40 ? 5_000 : 400)
    while (!isOver());
    await line.over()
    await worker.terminate()
    expect(line.http.stats()).to.include({ delivered: 40, attempts: 40 })
  })

  it('delivers a fresh record once the fault is gone', async () => {
    const [port] = (await freePorts(1)) as [number]
    const server = await serve({ port, fault: ({ socket }) => void socket.resetAndDestroy() })
    const { url } = server
    const line = new Line({
      http: { url, wrapSender: inner => inner, numWriters: 2, timeout: 500 },
      retry: { retries: 1 }
    })
    line.write(...numbers(20))
    await until(() => line.http.stats().stored === 20)
    await server.close()
    line.write(...numbers(20))
    await until(() => line.http.stats().stored === 40)
    await serve({ port })
    line.write('fresh')
    await until(() => line.http.stats().delivered === 1)
    await line.over()
  })

  it('goes on when the reader, a callback or a listener of the user throws', async () => {
    const thrown: unknown[] = []
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', error => thrown.push(error))
    const server = await serve()
    try {
      const http = new HttpWritable({ url: server.url, numWriters: 1, queueCapacity: 1 })
      http.on('drain', () => {
        throw new Error('of a listener')
      })
      for (let i = 0; i < 10; i++) {
        http.write(i, () => {
          if (i === 3) throw new Error('of a callback')
        })
      }
      await until(() => http.stats().delivered === 10)
      http.destroy()
      expect(thrown.map(error => (error as Error).message)).to.include('of a callback')
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of before) process.on('uncaughtException', listener)
    }
  })

  it('goes on when whoever reads what failed throws', async () => {
    const thrown: unknown[] = []
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', error => thrown.push(error))
    const server = await serve(answer(500))
    try {
      const http = new HttpWritable({ url: server.url, numWriters: 1 })
      let read = 0
      http.on('data', () => {
        if (++read === 2) throw new Error('of a reader')
      })
      for (let i = 0; i < 5; i++) http.write(i)
      await until(() => read === 5)
      expect(thrown.map(error => (error as Error).message)).to.deep.equal(['of a reader'])
      http.destroy()
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of before) process.on('uncaughtException', listener)
    }
  })

  describe('first attempts and retries cannot lock each other', () => {
    async function isOver(line: Line, count: number): Promise<void> {
      await within(
        pipeline(Readable.from(numbers(count)), line.http, line.retry, line.failover),
        JSON.stringify(line.http.stats())
      )
      await line.settled()
      expectOver(line.http.stats())
      expect(line.http.stats()).to.include({ accepted: count, abandoned: 0 })
    }

    it('with a queue of one, one slot, and an endpoint that answers every first attempt with 503', async () => {
      const line = new Line({
        piped: false,
        http: { queueCapacity: 1, numWriters: 1 },
        retry: { queueCapacity: 1 },
        failover: { batchSize: 1 }
      })
      const seen = new Set<string>()
      line.sender.script = ({ id }) => (seen.has(id) ? undefined : (seen.add(id), answered(503)))
      await isOver(line, 300)
      expect(line.http.stats()).to.include({ delivered: 300, retries: 300 })
    })

    it('over real connections', async () => {
      const seen = new Set<string>()
      const server = await serve(exchange => {
        const key = exchange.request.headers['idempotency-key']!
        answer(seen.has(key) ? 200 : 503)(exchange)
        seen.add(key)
      })
      const line = new Line({
        piped: false,
        http: { url: server.url, wrapSender: inner => inner, queueCapacity: 1, numWriters: 1 },
        retry: { queueCapacity: 1 }
      })
      await isOver(line, 100)
      expect(line.http.stats()).to.include({ delivered: 100, retries: 100 })
    })

    it('whatever the sizes of the queues, of the batches and the number of slots', async function () {
      this.timeout(60_000)
      const small = fc.integer({ min: 1, max: 4 })
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            numWriters: small,
            extra: fc.integer({ min: 0, max: 20 }),
            batchSize: small,
            queueBytes: fc.constantFrom(20, 1_000_000)
          }),
          fc.record({
            queueCapacity: fc.integer({ min: 1, max: 20 }),
            queueBytes: fc.constantFrom(1, 1_000_000),
            retries: fc.integer({ min: 0, max: 3 })
          }),
          fc.integer({ min: 1, max: 3 }),
          fc.integer({ min: 0, max: 3 }),
          async ({ numWriters, extra, batchSize, queueBytes }, retry, storedAtOnce, failures) => {
            const line = new Line({
              piped: false,
              http: { numWriters, queueCapacity: batchSize + extra, batchSize, batchDelay: 0, queueBytes },
              retry,
              failover: { batchSize: storedAtOnce }
            })
            const attempts = new Map<string, number>()
            line.sender.script = ({ id, records }) => {
              const made = (attempts.get(id) ?? 0) + 1
              attempts.set(id, made)
              if (records.length === 3) return answered(413, {}, 3)
              return made <= failures ? answered(503) : undefined
            }
            await isOver(line, 40)
          }
        ),
        { numRuns: 40 }
      )
    })
  })
})

describe('Promise 7: isolation', () => {
  it('a dead origin does not keep the others waiting, nor takes more than its share of the slots', async () => {
    const line = new Line({ http: { url: undefined as never, numWriters: 4 } })
    const dead = numbers(20).map(i => `http://dead/${i}`)
    line.write(...dead)
    await turns()
    expect(line.sender.open).to.have.length(4)
    const alive = numbers(20).map(i => `http://alive/${i}`)
    line.write(...alive)
    const of = (host: string): number =>
      line.sender.open.filter(({ delivery }) => delivery.request.url.includes(host)).length
    // The first slots that come free go to the one that has none.
    line.sender.open[0]!.fail(answered(503))
    line.sender.open[0]!.fail(answered(503))
    await turns()
    expect([of('dead'), of('alive')]).to.deep.equal([2, 2])
    for (let i = 0; i < 10; i++) {
      for (const { delivery, ok } of [...line.sender.open]) if (delivery.request.url.includes('alive')) ok()
      await turns()
    }
    expect(line.http.stats().delivered).to.equal(20)
    await line.destroy()
  })

  for (const numWriters of [1, 2]) {
    it(`each of three origins has its turn with numWriters ${numWriters}`, async () => {
      const line = new Line({ http: { url: undefined as never, numWriters } })
      for (const i of numbers(30)) for (const host of ['a', 'b', 'c']) line.write(`http://${host}/${i}`)
      for (let i = 0; i < 30; i++) {
        await turns(2)
        line.sender.open[0]?.ok()
      }
      const counts = ['a', 'b', 'c'].map(
        host => line.sender.sent.filter(({ request }) => request.url.startsWith(`http://${host}`)).length
      )
      for (const count of counts) expect(count, counts.join()).to.be.within(8, 14)
      await line.destroy()
    })
  }

  it('gives first attempts and retries of one endpoint their turns', async () => {
    const line = new Line({ http: { numWriters: 1 }, retry: { retries: 1_000 } })
    line.sender.script = ({ records }) => (records[0] === '"poison"' ? answered(503) : undefined)
    line.write('poison', 'poison', 'poison')
    await paused(10)
    line.write(...numbers(50))
    await until(() => line.http.stats().delivered === 50)
    await line.destroy()
  })

  it('R23 one bad record in ten harms no other', async () => {
    const line = new Line()
    line.sender.script = ({ records }) => (Number(records[0]) % 10 === 5 ? answered(422) : undefined)
    line.write(...numbers(200).map(i => (i % 10 === 0 ? { bad: 1n } : i)))
    await line.over()
    expect(line.http.stats()).to.include({ accepted: 200, delivered: 160, stored: 40, refused: 40 })
    expect(line.errors).to.deep.equal([])
  })

  it('421 is tried again on a new connection', async () => {
    let requests = 0
    const server = await serve(exchange => answer(++requests === 2 ? 421 : 200)(exchange))
    const line = new Line({ http: { url: server.url, wrapSender: inner => inner, numWriters: 1 } })
    line.write(1, 2, 3)
    await line.over()
    expect(line.http.stats()).to.include({ delivered: 3, retries: 1 })
    const [first, misdirected, ...others] = server.requests.map(({ connection }) => connection)
    expect(misdirected).to.equal(first)
    expect(others).to.not.include(first)
  })

  it('forgets the endpoints that nobody uses, and closes their connections', async function () {
    this.timeout(20_000)
    const line = new Line({ http: { url: undefined as never } })
    line.sender.script = () => undefined
    for (let i = 0; i < 2_000; i++) {
      line.write(`http://h${i}/`)
      if (i % 100 === 0) await turns(1)
    }
    await line.over()
    expect(line.http.stats()).to.include({ delivered: 2_000 })
  })
})

describe('Promise 8: one-way errors', () => {
  it('never makes an error event of a failed record, of any kind', async () => {
    const line = new Line({ http: { queueBytes: 1_000, timeout: 20 }, retry: { retries: 0 } })
    const answers = [
      answered(500),
      answered(400),
      answered(401),
      new TypeError('mine'),
      new DeliveryError('SPW_ERR_TLS', 'x', { phase: 'not-sent', retryable: true })
    ]
    line.sender.script = (_, attempt) => answers[attempt % answers.length]
    line.write(1n, 'x'.repeat(2_000), ...numbers(20))
    await line.over()
    expect(line.errors).to.deep.equal([])
    expect(line.http.stats()).to.include({ accepted: 22, stored: 22 })
  })
})

describe('Promise 9: no secrets', () => {
  it('C08 shows none in errors, in what is inspected and in what is stored', async () => {
    const secret = 'hunter2'
    const server = await serve(answer(400, { 'x-echo': secret }, `your token ${secret} is wrong`))
    const url = server.url.replace('//', `//me:${secret}@`)
    const seen: string[] = []
    const keep = (value: unknown): void =>
      void seen.push(inspect(value, { depth: 12, showHidden: true }), String(value))
    for (const url_ of [url, `http://me:${secret}@127.0.0.1:9/`]) {
      const storage = new MemoryStorage()
      const headers = { authorization: secret, 'x-api-key': () => secret, cookie: secret }
      const http = new HttpWritable({ url: url_, headers, timeout: 1_000 })
      const retry = new RetryTransform({ retries: 0 })
      const failover = new FailoverWritable({ storage })
      retry.on('data', (delivery: Delivery) => keep([delivery, delivery.error, delivery.error?.cause]))
      await pipeline(Readable.from([1, { a: 2n }]), http, retry, failover)
      seen.push(JSON.stringify(storage.entries), JSON.stringify(http.stats()))
      expect(storage.entries).to.have.length(2)
    }
    expect(seen.join('\n'))
      .to.contain('SPW_ERR_')
      .and.not.contain(secret)
      .and.not.contain(Buffer.from(`me:${secret}`).toString('base64'))
  })
})

describe('Ending', () => {
  it('S01 end() finishes only after all is settled', async () => {
    const line = new Line({ http: { numWriters: 1 } })
    line.storage.delay = 20
    line.write(...numbers(3))
    let finished = false
    line.failover.on('finish', () => (finished = true))
    line.http.end()
    for (const error of [undefined, answered(503), answered(400), undefined]) {
      await until(() => line.sender.open.length === 1)
      expect(finished).to.equal(false)
      if (error === undefined) line.sender.okAll()
      else line.sender.failAll(error)
    }
    await until(() => line.http.stats().delivered === 2)
    await line.settled()
    expect(finished).to.equal(true)
    expect(line.http.stats()).to.include({ delivered: 2, stored: 1 })
  })

  it('every stream ends and waits with `await using`', async () => {
    const line = new Line()
    line.sender.script = () => answered(400)
    {
      await using failover = line.failover
      await using retry = line.retry
      await using http = line.http
      http.write(1)
      expect([failover, retry].length).to.equal(2)
    }
    expect(line.http.stats()).to.include({ accepted: 1, stored: 1 })
  })

  for (const name of ['http', 'retry', 'failover'] as const) {
    it(`S14 ${name} refuses to stand in a chain, and names the right form`, async () => {
      const line = new Line()
      const stream = line[name]
      expect(() => chain([(record: unknown) => record, stream] as never))
        .to.throw(/pipeline\(source, chain\(\[…\]\), (httpWritable|retryTransform|failoverWritable)\)/)
        .with.property('code', 'SPW_ERR_CHAIN')
      await line.destroy()
    })
  }
})

describe('Drain', () => {
  /** Brings a line into a state, and says what is stored as what when it drains from there. */
  const states: Array<[string, LineOptions, (line: Line) => Promise<void>, Record<string, string>]> = [
    ['idle', {}, async () => {}, {}],
    [
      'with records that wait',
      { http: { numWriters: 1 } },
      async line => {
        line.write(...numbers(3))
        await turns()
      },
      { 0: 'ambiguous', 1: 'shutdown', 2: 'shutdown' }
    ],
    [
      'with an attempt under way',
      {},
      async line => {
        line.write(0)
        await turns()
      },
      { 0: 'ambiguous' }
    ],
    [
      'with a batch that is not full',
      { http: { batchSize: 10, batchDelay: 60_000 } },
      async line => {
        line.write(...numbers(2))
        await turns()
      },
      { 0: 'shutdown', 1: 'shutdown' }
    ],
    [
      'during a backoff',
      { retry: { minDelay: 60_000, maxDelay: 60_000 } },
      async line => {
        line.sender.script = () => answered(503)
        line.write(...numbers(3))
        await turns(10)
      },
      { 0: 'shutdown', 1: 'shutdown', 2: 'shutdown' }
    ],
    [
      'during a backoff, with the source at its end',
      { retry: { minDelay: 60_000, maxDelay: 60_000 } },
      async line => {
        line.sender.script = () => answered(503)
        line.write(...numbers(3))
        line.http.end()
        await within(once(line.http, 'close'), 'close')
        await turns(10)
      },
      { 0: 'shutdown', 1: 'shutdown', 2: 'shutdown' }
    ],
    [
      'with a later attempt under way',
      {},
      async line => {
        line.sender.script = () => answered(503)
        line.write(0)
        await until(() => line.sender.sent.length === 1)
        line.sender.script = undefined
        await until(() => line.sender.open.length === 1)
      },
      { 0: 'ambiguous' }
    ],
    [
      'with an endpoint that asked to be left alone',
      { http: { numWriters: 1 } },
      async line => {
        line.sender.script = () => answered(503, { 'retry-after': '60' })
        line.write(...numbers(3))
        await turns(10)
      },
      { 0: 'shutdown', 1: 'shutdown', 2: 'shutdown' }
    ],
    [
      'with a full queue',
      { http: { numWriters: 1, queueCapacity: 5 } },
      async line => {
        line.write(...numbers(10))
        await turns()
      },
      Object.fromEntries(texts(10).map(text => [text, text === '0' ? 'ambiguous' : 'shutdown']))
    ],
    [
      'with a storage that is slow',
      { http: { numWriters: 1 }, failover: { batchSize: 1 } },
      async line => {
        line.storage.delay = 5
        line.write(...numbers(20))
        await turns()
      },
      Object.fromEntries(texts(20).map(text => [text, text === '0' ? 'ambiguous' : 'shutdown']))
    ]
  ]

  for (const [state, options, bring, expected] of states) {
    it(`S05 by signal ${state} stores what is left, sends nothing more, and takes what is still written`, async () => {
      const abort = new AbortController()
      const line = new Line({ ...options, http: { signal: abort.signal, drainTimeout: 30, ...options.http } })
      await bring(line)
      const { length: sent } = line.sender.sent
      abort.abort()
      const late = line.http.writableEnded ? {} : { '"late"': 'shutdown' }
      if (!line.http.writableEnded) line.http.end('late')
      await line.settled()
      const stored = Object.fromEntries(
        line.storage.entries.flatMap(({ envelope }) =>
          envelope.records.map(record => [record as string, envelope.outcome])
        )
      )
      expect(stored).to.deep.equal({ ...expected, ...late })
      expect(line.sender.sent.length).to.equal(sent)
      expect(line.errors).to.deep.equal([])
      expectOver(line.http.stats())
      expect(line.http.stats()).to.include({ abandoned: 0, accepted: Object.keys(stored).length })
    })
  }

  it('lets what is under way finish, whatever it is answered', async () => {
    const line = new Line({ http: { numWriters: 3 } })
    line.write(...numbers(3))
    await turns()
    line.http.drain(5_000)
    line.sender.open[2]!.fail(answered(400))
    line.sender.open[1]!.fail(answered(503))
    line.sender.open[0]!.ok()
    await line.over()
    expect(line.http.stats()).to.include({ delivered: 1, stored: 2, refused: 1, ambiguous: 0, retries: 0 })
    const outcomes = line.storage.entries.map(({ envelope }) => `${envelope.records[0] as string} ${envelope.outcome}`)
    expect(outcomes).to.have.members(['1 shutdown', '2 refused'])
  })

  it('does not count as an attempt what was never sent', async () => {
    const line = new Line({ http: { numWriters: 1 } })
    line.write(...numbers(2))
    await turns()
    line.http.drain(0)
    await line.over()
    const attempts = line.storage.entries.map(({ envelope }) => `${envelope.records[0] as string} ${envelope.attempts}`)
    expect(attempts).to.have.members(['0 1', '1 0'])
  })

  it('a second one shortens the time', async () => {
    const line = new Line()
    line.write(0)
    await turns()
    line.http.drain(60_000)
    await turns()
    expect(line.http.stats()).to.include({ inFlight: 1 })
    line.http.drain(0)
    await line.over()
    expect(line.http.stats()).to.include({ stored: 1, ambiguous: 1 })
  })

  it('a second one never lengthens the time', async () => {
    const line = new Line()
    line.write(0)
    await turns()
    line.http.drain(30)
    line.http.drain(60_000)
    await until(() => line.http.stats().inFlight === 0)
    await line.over()
    expect(line.http.stats()).to.include({ stored: 1, ambiguous: 1 })
  })

  it('hands on portions, between which answers are read', async () => {
    const line = new Line({ http: { numWriters: 1, queueCapacity: 5_000 } })
    line.write(...numbers(3_000))
    await turns()
    line.http.drain(5_000)
    await turns(3)
    const { waiting } = line.http.stats()
    expect(waiting).to.be.within(1, 2_999)
    line.sender.okAll()
    await line.over()
    expect(line.http.stats()).to.include({ delivered: 1, stored: 2_999 })
  })
})

describe('Destroy', () => {
  afterEach(restore)

  hushStalls()

  const rejections: unknown[] = []
  const listen = (reason: unknown): void => void rejections.push(reason)
  before(() => process.on('unhandledRejection', listen))
  after(() => process.off('unhandledRejection', listen))

  type Bring = (line: Line, write: (count: number) => void) => Promise<void>
  const states: Array<[string, LineOptions, Bring]> = [
    ['idle', {}, async () => {}],
    ['with records that wait', { http: { numWriters: 1 } }, async (_, write) => (write(8), turns())],
    ['with a full queue', { http: { numWriters: 1, queueCapacity: 3 } }, async (_, write) => (write(15), turns())],
    ['with attempts under way', { http: { numWriters: 8 } }, async (_, write) => (write(8), turns())],
    ['before anything was done', { http: { numWriters: 2 } }, async (_, write) => write(8)],
    [
      'with a batch that is not full',
      { http: { batchSize: 100, batchDelay: 60_000 } },
      async (_, write) => (write(8), turns())
    ],
    [
      'during a backoff',
      { retry: { minDelay: 60_000, maxDelay: 60_000 } },
      async (line, write) => {
        line.sender.script = () => answered(503)
        write(8)
        await turns(10)
      }
    ],
    [
      'with later attempts under way',
      { http: { numWriters: 2 } },
      async (line, write) => {
        write(8)
        await turns()
        line.sender.failAll(answered(503))
        await paused(5)
      }
    ],
    [
      'with retries that are held back',
      { retry: { queueCapacity: 1, minDelay: 60_000, maxDelay: 60_000 }, http: { numWriters: 2 } },
      async (line, write) => {
        line.sender.script = () => answered(503)
        write(60)
        await turns(10)
      }
    ],
    [
      'with a storage that is slow',
      { failover: { batchSize: 1 }, http: { numWriters: 2 } },
      async (line, write) => {
        line.storage.delay = 10
        line.sender.script = () => answered(400)
        write(60)
        await paused(5)
      }
    ],
    [
      'with a storage that stands still',
      { failover: { batchSize: 1 }, http: { numWriters: 2 } },
      async (line, write) => {
        line.storage.beforeAppend = () => {
          throw storageFailure(true)
        }
        line.sender.script = () => answered(400)
        write(60)
        await paused(5)
      }
    ],
    [
      'with an endpoint that asked to be left alone',
      { http: { numWriters: 1 } },
      async (line, write) => {
        line.sender.script = () => answered(503, { 'retry-after': '60' })
        write(8)
        await turns(10)
      }
    ],
    [
      'while it drains',
      { http: { numWriters: 1 } },
      async (line, write) => (write(8), line.http.drain(60_000), turns(1))
    ],
    [
      'after the end was written',
      { http: { numWriters: 1 } },
      async (line, write) => (write(8), line.http.end(), turns())
    ]
  ]

  for (const [state, options, bring] of states) {
    it(`S02 ${state} calls every callback, settles every delivery once, and says what is abandoned`, async () => {
      rejections.length = 0
      const line = new Line(options)
      const all: Array<{ calls: unknown[][]; outcomes: Outcome[] }> = []
      await bring(line, count => {
        for (let i = 0; i < count; i++) {
          const one = { calls: [] as unknown[][], outcomes: [] as Outcome[] }
          all.push(one)
          const delivery = new Delivery([String(i)]).onSettled(outcome => void one.outcomes.push(outcome))
          line.http.write(delivery, (...args: unknown[]) => one.calls.push(args))
        }
      })
      const firstAttempts = (): number => line.sender.sent.filter(({ attempts }) => attempts === 0).length
      const sent = firstAttempts()
      const { accepted } = line.http.stats()
      await line.destroy()
      await turns()
      expect(all.map(({ calls }) => calls.length)).to.deep.equal(all.map(() => 1))
      expect(all.map(({ outcomes }) => outcomes.length)).to.deep.equal(all.map(() => 1))
      expect(firstAttempts()).to.equal(sent)
      for (const { signal } of line.sender.open) expect(signal.aborted).to.equal(true)
      expectOver(line.http.stats())
      expect(line.http.stats().accepted).to.equal(accepted)
      expect(line.http.stats().handedBack).to.equal(0)
      expect(rejections).to.deep.equal([])
      expect(line.errors).to.deep.equal([])
    })

    it(`S21 ${state} with an error says that error, once`, async () => {
      const line = new Line(options)
      await bring(line, count => line.write(...numbers(count)))
      line.http.destroy(new Error('mine'))
      line.retry.destroy()
      line.failover.destroy()
      await line.settled()
      await turns()
      expect(line.errors.map(error => (error as Error).message)).to.deep.equal(['mine'])
      expectOver(line.http.stats())
    })
  }

  it('calls the callbacks of what is corked', async () => {
    const line = new Line()
    const called: unknown[] = []
    line.http.cork()
    for (let i = 0; i < 5; i++) line.http.write(i, error => called.push(error))
    await line.destroy()
    await turns()
    expect(called).to.have.length(5)
    for (const error of called) expect(error).to.be.an('error')
  })

  for (const later of [false, true]) {
    it(`settles ${later ? 'a later' : 'a first'} attempt that has just been cut off at its deadline`, async () => {
      const line = new Line({ http: { timeout: 20 } })
      const failOnce = (): unknown => ((line.sender.script = undefined), answered(503))
      if (later) line.sender.script = failOnce
      const outcomes: Outcome[] = []
      line.http.write(new Delivery(['0']).onSettled(outcome => void outcomes.push(outcome)))
      await until(() => line.sender.open.length === 1)
      await once(line.sender.open[0]!.signal, 'abort')
      await line.destroy()
      await turns()
      expectOver(line.http.stats())
      expect(outcomes).to.deep.equal(['abandoned'])
    })
  }

  it('closes the sockets of what is under way', async () => {
    const held = new HeldAnswers()
    const server = await serve(held.fault)
    const line = new Line({ http: { url: server.url, wrapSender: undefined as never, numWriters: 5 } })
    line.write(...numbers(20))
    await until(() => held.waiting.length === 5)
    await line.destroy()
    await until(() => server.openConnections === 0)
    await turns()
    expect(server.requests).to.have.length(5)
    expect(line.http.stats()).to.include({ accepted: 20, abandoned: 20 })
  })

  it('closes a connection that is still being made', async () => {
    const server = await serve({ accept: socket => (socket.resume(), true) })
    const line = new Line({
      http: { url: server.url.replace('http:', 'https:'), wrapSender: undefined as never, timeout: 60_000 }
    })
    line.write(1)
    await until(() => server.openConnections === 1)
    await line.destroy()
    await until(() => server.openConnections === 0)
    expect(line.http.stats()).to.include({ abandoned: 1 })
  })

  it('waits for the hooks that are under way', async () => {
    const line = new Line()
    let release = (): void => {}
    line.http.write(new Delivery(['0']).onSettled(() => new Promise(resolve => (release = resolve))))
    await turns()
    line.http.destroy()
    let settled = false
    void line.http.settled().then(() => (settled = true))
    await turns()
    expect(settled).to.equal(false)
    release()
    await until(() => settled)
    line.retry.destroy()
    line.failover.destroy()
  })

  it('leaves alone what another stream has taken over', async () => {
    const clock = useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const line = new Line({ retry: { minDelay: 20, maxDelay: 20 } })
    line.write(...numbers(3))
    await turns()
    line.sender.failAll(answered(503))
    await turns()
    line.http.destroy()
    await within(line.http.settled(), 'the stream to be settled')
    expect(line.http.stats()).to.include({ retrying: 3, abandoned: 0 })
    clock.tick(20)
    await until(() => line.sender.open.length === 3)
    line.sender.okAll()
    line.retry.end()
    await line.settled()
    expect(line.http.stats()).to.include({ delivered: 3 })
  })
})

describe('A reader of what failed', () => {
  it('that is slow slows the source, and nothing is lost', async () => {
    const line = new Line({ piped: false, http: { numWriters: 2, queueCapacity: 10 } })
    line.sender.script = () => answered(503)
    const read: unknown[] = []
    const slow = new Writable({
      objectMode: true,
      highWaterMark: 1,
      write(delivery: Delivery, _encoding, done) {
        read.push(...delivery.records)
        setTimeout(done, 1)
      }
    })
    const watch = setInterval(() => expectLaw(line.http.stats()), 2)
    await pipeline(Readable.from(numbers(100)), line.http, slow)
    clearInterval(watch)
    expect(read).to.have.members(texts(100))
    expect(line.http.stats()).to.include({ accepted: 100, handedBack: 100 })
    line.retry.destroy()
    line.failover.destroy()
  })
})
