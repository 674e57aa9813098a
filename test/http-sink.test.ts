import { getEventListeners, once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import chain from 'stream-chain'
import { Delivery } from '../lib/delivery.ts'
import type { Outcome } from '../lib/delivery/settlement.ts'
import { OptionsError } from '../lib/errors.ts'
import type { FailoverOptions } from '../lib/failover-writable.ts'
import { type HttpSink, httpSink, type HttpSinkOptions } from '../lib/http-sink.ts'
import { replay } from '../lib/replay.ts'
import { destroying, servers } from './support/cleaning.ts'
import { answer } from './support/fault.ts'
import { expectOver } from './support/law.ts'
import { answered, ManualSender } from './support/manual-sender.ts'
import { hushStalls, MemoryStorage, storageFailure } from './support/memory-storage.ts'
import type { JournalOptions } from '../lib/journal-transform.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { paused, turns, until, within } from './support/waiting.ts'

const nowhere = 'http://127.0.0.1:9/'
const serve = servers()
const destroyed = destroying()
const folder = temporaryFolder()

interface Opened {
  readonly sink: HttpSink
  readonly sender: ManualSender
  readonly storage: MemoryStorage
}

function opened({ http, retry, failover, journal }: Partial<HttpSinkOptions> = {}): Opened {
  const sender = new ManualSender()
  const storage = new MemoryStorage()
  const sink = httpSink({
    http: { url: nowhere, wrapSender: sender.wrap, ...http },
    retry: { minDelay: 1, maxDelay: 1, ...retry },
    failover: { storage, ...failover },
    ...(journal === undefined ? {} : { journal })
  })
  destroyed(sink).on('error', () => {})
  return { sink, sender, storage }
}

describe('httpSink', () => {
  hushStalls()

  it('finishes when every record was acknowledged or is durable', async () => {
    const server = await serve(({ request, socket }) =>
      answer(Number(request.text) % 5 === 0 ? 400 : 200)({ request, socket })
    )
    const storage = new MemoryStorage()
    storage.delay = 5
    const sink = httpSink({ http: { url: server.url }, failover: { storage } })
    await within(pipeline(Readable.from(Array(50).keys()), sink), 'the pipeline')
    expect(sink.stats()).to.include({ accepted: 50, delivered: 40, stored: 10, refused: 10 })
    expect(storage.records).to.have.length(10)
    await within(sink.settled(), 'the sink to be settled')
    expectOver(sink.stats())
  })

  it('retries before it stores', async () => {
    const { sink, sender, storage } = opened({ retry: { retries: 2 } })
    sender.script = ({ records }) => (records[0] === '1' ? answered(503) : undefined)
    for (let i = 0; i < 3; i++) sink.write(i)
    sink.end()
    await within(sink.settled(), 'the sink to be settled')
    expect(sink.stats()).to.include({ delivered: 2, stored: 1, attempts: 5, retries: 2 })
    expect(storage.entries[0]!.envelope.attempts).to.equal(3)
  })

  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const) {
    const name = method.toLowerCase() as Lowercase<typeof method>

    it(`${name} sends ${method}`, async () => {
      const server = await serve()
      const sink = httpSink[name]({ http: { url: server.url }, failover: { storage: 'none' } })
      sink.end({ a: 1 })
      await within(sink.settled(), 'the sink to be settled')
      expect(server.requests.map(request => request.method)).to.deep.equal([method])
      expect(sink.stats()).to.include({ delivered: 1 })
    })

    it(`${name} takes a StreamPark configuration, with which a record is a URL`, async () => {
      const server = await serve()
      const sink = httpSink[name]({
        'http.sink': { threshold: { numWriters: 3, retries: 1 }, failover: { storage: 'none' } }
      })
      sink.end(`${server.origin}/x?a=1`)
      await within(sink.settled(), 'the sink to be settled')
      const [request] = server.requests
      const sent = `${request!.method} ${request!.path} ${request!.text}`
      expect(sent).to.equal(
        ['GET', 'OPTIONS', 'TRACE'].includes(method) ? `${method} /x?a=1 ` : `${method} /x {"a":"1"}`
      )
    })
  }

  it('has 200 alone for a success with a StreamPark configuration', async () => {
    const server = await serve(answer(202))
    const sink = httpSink.post({ threshold: { retries: 0 }, failover: { storage: 'none' } })
    sink.end(`${server.origin}/x?a=1`)
    await within(sink.settled(), 'the sink to be settled')
    expect(sink.stats()).to.include({ delivered: 0, abandoned: 1 })
  })

  it('refuses a method that contradicts the one in its name', () => {
    const options = { http: { url: nowhere, method: 'put' }, failover: { storage: 'none' } } as const
    expect(() => httpSink.get(options)).to.throw(OptionsError, 'http/method is GET for this sink, got "put"')
    httpSink.put(options).destroy()
  })

  for (const [name, options, message] of [
    ['no storage', { http: { url: nowhere } }, 'sink/failover is missing'],
    [
      'an unknown section',
      { failover: { storage: 'none' }, retyr: {} },
      'sink has no option "retyr", did you mean "retry"?'
    ],
    [
      'a wrong option of a section',
      { http: { url: nowhere, numWriters: 0 }, failover: { storage: 'none' } },
      'http/numWriters must be >= 1'
    ],
    [
      'a wrong option of another',
      { retry: { retries: -1 }, failover: { storage: 'none' } },
      'retry/retries must be >= 0'
    ],
    [
      'delays that contradict each other',
      { retry: { minDelay: 3, maxDelay: 2 }, failover: { storage: 'none' } },
      'retry/minDelay must be at most retry/maxDelay, 2, got 3'
    ],
    ['a StreamPark configuration without a storage', { threshold: { retries: 1 } }, 'failover.storage is missing']
  ] as const) {
    it(`refuses ${name}`, () => {
      expect(() => httpSink(options as HttpSinkOptions)).to.throw(OptionsError, message)
    })
  }

  for (const [name, options] of [
    ['retry', { retry: { retries: -1 } }],
    ['failover', { failover: { storage: 'none', batchSize: 0 } }],
    ['journal', { journal: { storage: 'none' } }]
  ] as const) {
    it(`leaves nothing of the other streams behind when the section ${name} is wrong`, async () => {
      const abort = new AbortController()
      const path = folder()
      const failover = { storage: 'file', path, eager: true } as const
      const all = { http: { url: nowhere, signal: abort.signal }, failover, ...options }
      expect(() => httpSink(all as HttpSinkOptions)).to.throw(OptionsError)
      expect(getEventListeners(abort.signal, 'abort')).to.deep.equal([])
      await paused(100)
      const locks = existsSync(path) ? readdirSync(path).filter(file => file.startsWith('.lock')) : []
      expect(locks).to.deep.equal([])
    })
  }

  it('stops the source when it is full', async () => {
    const { sink } = opened({ http: { numWriters: 1, queueCapacity: 10 } })
    let given = 0
    const source = Readable.from(
      (function* () {
        for (;;) yield given++
      })()
    )
    source.pipe(sink)
    await turns(200)
    // In flight, in the queue, and in the buffers of the three streams.
    expect(given).to.be.at.most(1 + 10 + 16 + 16 + 16 + 2)
    source.destroy()
    sink.destroy()
    await within(sink.settled(), 'the sink to be settled')
  })

  it('S08 takes nothing beyond twice its capacity, and says so', async () => {
    const { sink, storage } = opened({ http: { numWriters: 1, queueCapacity: 100 } })
    const errors: unknown[] = []
    for (let i = 0; i < 1_000; i++) sink.write(i, error => error && errors.push(error))
    await turns()
    expect(errors.length).to.be.at.least(700)
    expect(errors[0]).to.include({ code: 'SPW_ERR_OVERFLOW' })
    expect(sink.destroyed).to.equal(false)
    sink.destroy()
    await within(sink.settled(), 'the sink to be settled')
    expectOver(sink.stats())
    expect(storage.records.length).to.equal(sink.stats().stored)
  })

  it('drains: what waits is stored, what is under way may finish', async () => {
    const { sink, sender, storage } = opened({ http: { numWriters: 1 } })
    for (let i = 0; i < 4; i++) sink.write(i)
    await turns()
    sink.drain(5_000)
    await until(() => storage.records.length === 3)
    sender.okAll()
    sink.end(4)
    await within(sink.settled(), 'the sink to be settled')
    expect(sink.stats()).to.include({ accepted: 5, delivered: 1, stored: 4 })
    for (const { envelope } of storage.entries) expect(envelope.outcome).to.equal('shutdown')
  })

  it('drains by its signal, also when the source is at its end', async () => {
    const abort = new AbortController()
    const { sink, sender, storage } = opened({
      http: { signal: abort.signal },
      retry: { minDelay: 60_000, maxDelay: 60_000 }
    })
    sender.script = () => answered(503)
    sink.end(1)
    await until(() => sink.stats().retrying === 1)
    await turns()
    abort.abort()
    await within(sink.settled(), 'the sink to be settled')
    expect(storage.entries.map(({ envelope }) => envelope.outcome)).to.deep.equal(['shutdown'])
    expect(sink.writableFinished).to.equal(true)
  })

  it('ends and waits with `await using`', async () => {
    const { sink, sender, storage } = opened()
    sender.script = () => answered(400)
    {
      await using used = sink
      used.write(1)
    }
    expect(sink.stats()).to.include({ stored: 1 })
    expect(storage.records).to.deep.equal(['1'])
  })

  it('S14 refuses to stand in a chain', () => {
    const { sink } = opened()
    expect(() => chain([(record: unknown) => record, sink] as never))
      .to.throw()
      .with.property('code', 'SPW_ERR_CHAIN')
    sink.destroy()
  })

  describe('that is destroyed', () => {
    it('stores all that is left before it closes', async () => {
      const { sink, sender, storage } = opened({
        http: { numWriters: 2 },
        retry: { minDelay: 60_000, maxDelay: 60_000 }
      })
      sender.script = undefined
      for (let i = 0; i < 6; i++) sink.write(i)
      await turns()
      sender.open[0]!.fail(answered(503))
      await turns()
      expect(sink.stats()).to.include({ accepted: 6, inFlight: 2, retrying: 1, waiting: 3 })
      sink.destroy()
      await within(once(sink, 'close'), 'close')
      await sink.settled()
      expect(storage.records).to.have.members(['0', '1', '2', '3', '4', '5'])
      expect(sink.stats()).to.include({ stored: 6, ambiguous: 2, abandoned: 0 })
    })

    it('S04 stores all that it had accepted when the source fails', async () => {
      const { sink, storage } = opened({ http: { numWriters: 2 } })
      const source = Readable.from(
        (function* () {
          for (let i = 0; i < 20; i++) yield i
          throw new Error('mine')
        })()
      )
      const failure = await within(
        pipeline(source, sink).catch((error: unknown) => error),
        'the pipeline'
      )
      expect(failure).to.have.property('message', 'mine')
      await within(sink.settled(), 'the sink to be settled')
      expectOver(sink.stats())
      expect(sink.stats()).to.include({ abandoned: 0, stored: sink.stats().accepted })
      expect(storage.records).to.have.length(sink.stats().accepted)
    })

    it('abandons what a storage does not take within drainTimeout', async () => {
      const { sink, storage } = opened({ http: { drainTimeout: 50 } })
      storage.beforeAppend = () => {
        throw storageFailure(true)
      }
      sink.write(1)
      await turns()
      sink.destroy()
      await within(sink.settled(), 'the sink to be settled')
      expect(sink.stats()).to.include({ accepted: 1, abandoned: 1 })
    })
  })

  describe('given deliveries', () => {
    const outcomesOf = (count: number): [Delivery[], Outcome[]] => {
      const outcomes: Outcome[] = []
      const note = (outcome: Outcome): void => void outcomes.push(outcome)
      return [Array.from({ length: count }, (_, i) => new Delivery([String(i)]).onSettled(note)), outcomes]
    }

    it('settles all when it is destroyed: what it took as stored, what it did not as abandoned', async () => {
      const { sink, storage } = opened({ http: { numWriters: 1, queueCapacity: 2 } })
      const [given, outcomes] = outcomesOf(50)
      for (const delivery of given) sink.write(delivery)
      sink.destroy()
      await within(sink.settled(), 'the sink to be settled')
      expect(outcomes).to.have.lengthOf(50).and.include('abandoned')
      expect(outcomes.filter(outcome => outcome === 'stored')).to.have.lengthOf(storage.records.length)
      expectOver(sink.stats())
    })

    it('lets a replay that is piped into it be settled when it is destroyed', async () => {
      const from = new MemoryStorage()
      await from.append(outcomesOf(60)[0])
      const { sink } = opened({ http: { numWriters: 1, queueCapacity: 2 } })
      const source = replay(from)
      const piped = pipeline(source, sink).catch((error: unknown) => error)
      await turns(50)
      sink.destroy()
      await within(Promise.all([piped, sink.settled()]), 'the sink to be settled')
      await within(source.settled(), 'the replay to be settled')
      const { given, stored, abandoned } = source.stats()
      expect(stored + abandoned).to.equal(given)
      expect(from.claims).to.equal(0)
    })

    it('waits for the hooks of those that it never took', async () => {
      const { sink } = opened({ http: { numWriters: 1, queueCapacity: 1 } })
      let hooks = 0
      for (let i = 0; i < 40; i++) {
        sink.write(new Delivery([String(i)]).onSettled(() => paused(50).then(() => void hooks++)))
      }
      sink.destroy()
      await within(sink.settled(), 'the sink to be settled')
      expect(hooks).to.equal(40)
    })

    for (const [name, options] of [
      ['', {}],
      [' with a journal', { journal: { storage: new MemoryStorage() } }]
    ] as const) {
      it(`settles as abandoned what is written once it${name} is destroyed`, async () => {
        const { sink } = opened(options)
        const [[delivery], outcomes] = outcomesOf(1)
        const error = await new Promise(resolve => {
          sink.destroy()
          sink.write(delivery, resolve)
        })
        expect(error).to.have.property('code', 'ERR_STREAM_DESTROYED')
        expect(outcomes).to.deep.equal(['abandoned'])
      })
    }
  })

  describe('whose', () => {
    it('storage fails for good ends with that error, and says what is abandoned', async () => {
      const { sink, sender, storage } = opened({ http: { numWriters: 2 } })
      const failure = storageFailure(false)
      storage.beforeAppend = () => {
        throw failure
      }
      sender.script = ({ records }) => (records[0] === '3' ? answered(400) : undefined)
      const error = await within(
        pipeline(Readable.from(Array(100).keys()), sink).catch((reason: unknown) => reason),
        'the pipeline'
      )
      expect(error).to.equal(failure)
      await within(sink.settled(), 'the sink to be settled')
      expectOver(sink.stats())
      expect(sink.stats().abandoned).to.be.at.least(1)
    })

    it('first stream fails stores what is in the others, without waiting for a delay', async () => {
      const { sink, sender, storage } = opened({ retry: { minDelay: 60_000, maxDelay: 60_000 } })
      sender.script = () => answered(503)
      for (let i = 0; i < 3; i++) sink.write(i)
      await turns()
      expect(sink.stats()).to.include({ retrying: 3 })
      const failure = once(sink, 'error')
      sender.script = () => undefined
      sink.write(new Delivery(['last']).onSettled(() => Promise.reject(new Error('mine'))))
      expect((await within(failure, 'an error'))[0]).to.include({ code: 'SPW_ERR_SETTLE' })
      await within(sink.settled(), 'the sink to be settled')
      expect(storage.records).to.have.members(['0', '1', '2'])
      expect(sink.stats()).to.include({ stored: 3, abandoned: 0 })
    })

    it('settle hook fails ends with that error, and stores the rest', async () => {
      const { sink, sender, storage } = opened({ http: { numWriters: 1 } })
      sink.write(new Delivery(['0']).onSettled(() => Promise.reject(new Error('mine'))))
      sink.write(1)
      const failure = once(sink, 'error')
      await turns()
      sender.okAll()
      const [error] = (await within(failure, 'an error')) as [Error]
      expect(error).to.include({ code: 'SPW_ERR_SETTLE' })
      await within(sink.settled(), 'the sink to be settled')
      const { accepted, abandoned, stored } = sink.stats()
      expect(abandoned + stored + 1).to.equal(accepted)
      expect(storage.records).to.have.length(stored)
    })

    it('writes are in one group keeps their callbacks', async () => {
      const { sink, sender } = opened()
      sender.script = () => undefined
      const called: unknown[] = []
      sink.cork()
      for (let i = 0; i < 5; i++) sink.write(i, error => called.push(error))
      sink.uncork()
      sink.end()
      await within(sink.settled(), 'the sink to be settled')
      await paused(0)
      expect(called.map(error => error ?? undefined)).to.deep.equal(Array(5).fill(undefined))
      expect(sink.stats()).to.include({ delivered: 5 })
    })
  })

  for (const [name, options] of [
    ['', {}],
    [' with a journal', { journal: { storage: new MemoryStorage() } }]
  ] as const) {
    it(`R03 stores undefined as refused${name}, goes on, and calls each write back once`, async () => {
      const { sink, sender, storage } = opened(options)
      sender.script = () => undefined
      const told: string[] = []
      for (const record of [1, undefined, 2]) {
        sink.write(record, error => told.push(`${String(record)} ${String(error ?? 'ok')}`))
      }
      sink.end()
      await within(sink.settled(), 'the sink to be settled')
      await turns()
      expect(told).to.have.members(['1 ok', 'undefined ok', '2 ok'])
      expect(sink.stats()).to.include({ accepted: 3, delivered: 2, stored: 1, refused: 1 })
      expect(storage.records).to.deep.equal(['undefined'])
    })
  }

  it('takes what stands in a stream before it', async () => {
    const { sink, sender } = opened()
    sender.script = () => undefined
    const before = new PassThrough({ objectMode: true })
    for (let i = 0; i < 10; i++) before.write(i)
    before.end()
    await within(pipeline(before, sink), 'the pipeline')
    expect(sink.stats()).to.include({ delivered: 10 })
  })

  describe('with a journal', () => {
    it('calls back once a record is durable, many by one sync, and forgets it once it is settled', async () => {
      const kept = new MemoryStorage()
      const { sink, sender, storage } = opened({ journal: { storage: kept }, retry: { retries: 0 } })
      sender.script = ({ records }) => (records[0] === '3' ? answered(503) : undefined)
      let durable = 0
      for (let i = 0; i < 100; i++) sink.write(i, () => durable++)
      sink.end()
      await within(sink.settled(), 'the sink to be settled')
      expect(durable).to.equal(100)
      expect(kept.appends.length).to.be.below(10)
      expect(kept.entries).to.deep.equal([])
      expect(storage.records).to.deep.equal(['3'])
      expect(sink.stats()).to.include({ accepted: 100, delivered: 99, stored: 1 })
      expectOver(sink.stats())
    })

    it('keeps in it what it cannot store when it is destroyed', async () => {
      const kept = new MemoryStorage()
      const { sink, sender, storage } = opened({ journal: { storage: kept }, http: { drainTimeout: 50 } })
      storage.beforeAppend = () => {
        throw storageFailure(true)
      }
      for (let i = 0; i < 10; i++) sink.write(i)
      await until(() => sender.open.length === 10)
      sink.destroy()
      await within(sink.settled(), 'the sink to be settled')
      expect([kept.entries.length, sink.kept]).to.deep.equal([10, 10])
      expect(sink.stats()).to.include({ abandoned: 10 })
      expectOver(sink.stats())
    })

    it('stores what is left when it is destroyed, and forgets that', async () => {
      const kept = new MemoryStorage()
      const { sink, sender, storage } = opened({ journal: { storage: kept } })
      for (let i = 0; i < 10; i++) sink.write(i)
      await until(() => sender.open.length === 10)
      sink.destroy()
      await within(sink.settled(), 'the sink to be settled')
      expect(storage.records).to.have.lengthOf(10)
      expect([kept.entries.length, sink.kept]).to.deep.equal([0, 0])
    })

    it('holds back the source while the journal takes nothing', async () => {
      const kept = new MemoryStorage()
      kept.beforeAppend = () => new Promise(() => {})
      const { sink } = opened({ journal: { storage: kept, queueCapacity: 20 } })
      let count = 0
      while (count < 1_000 && sink.write(count)) count++
      expect(count).to.be.below(20 + 2 * 16 + 1)
    })

    it('refuses a place where the failover, or its fallback, stores too, and names it', () => {
      const instance = new MemoryStorage()
      const path = folder()
      const link = folder()
      mkdirSync(path)
      symlinkSync(path, link)
      const file = { storage: 'file', path } as const
      const postgres = {
        storage: 'postgres',
        jdbcUrl: 'jdbc:postgresql://127.0.0.1:9/x',
        username: 'x',
        table: 'record'
      } as const
      const kafka = { storage: 'kafka', 'bootstrap.servers': '127.0.0.1:9092', topic: 'record' } as const
      const wrong: Array<[journal: JournalOptions, failover: FailoverOptions, message: string]> = [
        [file, file, 'journal/path must be another folder than failover/path'],
        [{ ...file, path: join(link, 'a') }, { ...file, path: join(path, 'a') }, 'than failover/path'],
        [file, { ...postgres, fallback: file }, 'journal/path must be another folder than failover/fallback/path'],
        [{ storage: instance }, { storage: instance }, 'journal/storage must be another Storage than failover/storage'],
        [postgres, { ...postgres, timeout: 5 }, 'journal/table must be another table than failover/table, got record'],
        [kafka, kafka, 'journal/topic must be another topic than failover/topic, got record for both']
      ]
      for (const [journal, failover, message] of wrong) {
        expect(() => httpSink({ http: { url: nowhere }, failover, journal }), message).to.throw(OptionsError, message)
      }
      const right = httpSink({ http: { url: nowhere }, failover: postgres, journal: { ...postgres, table: 'journal' } })
      right.destroy()
    })
  })
})
