import { getEventListeners } from 'node:events'
import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { Delivery, type DeliveryInit } from '../lib/delivery.ts'
import { type DeliveryError, OptionsError } from '../lib/errors.ts'
import { FailoverWritable } from '../lib/failover-writable.ts'
import { shutDown } from '../lib/http/failure.ts'
import { type HttpOptions, HttpWritable } from '../lib/http-writable.ts'
import { Replay, replay, type ReplayOptions } from '../lib/replay.ts'
import type { Entry } from '../lib/storage/storage.ts'
import { destroying } from './support/cleaning.ts'
import { expectOver } from './support/law.ts'
import { answered, ManualSender } from './support/manual-sender.ts'
import { MemoryStorage, storageFailure } from './support/memory-storage.ts'
import { paused, turns, until, within } from './support/waiting.ts'

const nowhere = 'http://127.0.0.1:9/'
const destroyed = destroying()

/** A storage with a delivery of one record for each. */
async function filled(
  count: number,
  make: (i: number) => DeliveryInit & { error?: DeliveryError } = () => ({})
): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  const deliveries = Array.from({ length: count }, (_, i) => {
    const { error = answered(503), ...init } = make(i)
    return new Delivery([String(i)], { id: `d${i}`, url: 'http://old/', ...init }).failed(error)
  })
  await storage.append(deliveries)
  storage.appends.length = 0
  return storage
}

/** Takes deliveries and settles them as the test wants. */
class Settler extends Writable {
  readonly taken: Delivery[] = []
  readonly #outcome: 'delivered' | 'stored' | 'abandoned' | undefined

  constructor(outcome?: 'delivered' | 'stored' | 'abandoned') {
    super({ objectMode: true, highWaterMark: 1 })
    this.#outcome = outcome
  }

  override _write(delivery: Delivery, _encoding: BufferEncoding, callback: (error?: Error) => void): void {
    this.taken.push(delivery)
    if (this.#outcome === undefined) return callback()
    Promise.resolve(delivery.settle(this.#outcome)).then(() => callback(), callback)
  }

  get ids(): string[] {
    return this.taken.map(({ id }) => id)
  }
}

async function given(options: ReplayOptions): Promise<string[]> {
  const settler = new Settler('delivered')
  const source = replay(options)
  await within(pipeline(source, settler), 'the replay to end')
  await within(source.settled(), 'the replay to be settled')
  return settler.ids
}

function manual(options: HttpOptions = {}): { http: HttpWritable; sender: ManualSender } {
  const sender = new ManualSender()
  const http = destroyed(new HttpWritable({ url: nowhere, wrapSender: sender.wrap, ...options }))
  http.on('error', () => {})
  return { http, sender }
}

describe('replay with the option', () => {
  it('storage gives what it holds, oldest first', async () => {
    const storage = await filled(20)
    expect(await given({ storage })).to.deep.equal(Array.from({ length: 20 }, (_, i) => `d${i}`))
    expect(storage.entries).to.deep.equal([])
    expect(storage.closed).to.equal(0)
  })

  it('storage of no name is refused', () => {
    expect(() => replay({ storage: 'nowhere' as 'none' })).to.throw(OptionsError, 'failover/storage')
    expect(() => replay({} as never)).to.throw(OptionsError, 'failover/storage')
  })

  it('storage may be the one argument', async () => {
    const source = replay(await filled(1))
    expect(source).to.be.instanceOf(Replay)
    const [delivery] = (await source.toArray()) as Delivery[]
    expect(delivery!.records).to.deep.equal(['0'])
    void delivery!.settle('delivered')
    await source.settled()
  })

  it('filter gives only what matches', async () => {
    const storage = await filled(6, i => ({ acceptedAt: i, error: answered(i % 2 === 0 ? 503 : 404) }))
    expect(await given({ storage, filter: { status: 404, since: 2 } })).to.deep.equal(['d3', 'd5'])
    expect(storage.records).to.deep.equal(['0', '1', '2', '4'])
  })

  it('filter leaves out refused ones unless it asks for them by outcome', async () => {
    const storage = await filled(4, i => ({
      error: [answered(400), answered(503), shutDown(true), shutDown(false)][i]!
    }))
    expect(await given({ storage })).to.deep.equal(['d1', 'd2', 'd3'])
    expect(await given({ storage, filter: { status: 400 } })).to.deep.equal([])
    expect(await given({ storage, filter: { outcome: 'refused' } })).to.deep.equal(['d0'])
  })

  it('filter of a wrong value is refused', () => {
    const storage = new MemoryStorage()
    expect(() => replay({ storage, filter: { stauts: 5 } as never })).to.throw(OptionsError, 'did you mean "status"?')
    expect(() => replay({ storage, filter: { outcome: 'lost' as never } })).to.throw(
      OptionsError,
      'replay/filter/outcome must be one of'
    )
  })

  for (const [since, got] of [
    ['yesterday', '"yesterday"'],
    [1e20, '100000000000000000000'],
    [new Date(NaN), 'an object'],
    [null, 'null'],
    [[2024], 'an array']
  ] as const) {
    it(`filter of a time that is none is refused by the call: ${got}`, () => {
      const storage = new MemoryStorage()
      for (const name of ['since', 'until']) {
        expect(() => replay({ storage, filter: { [name]: since } }))
          .to.throw(OptionsError)
          .with.property('message', `replay/filter/${name} must be a time, got ${got}`)
      }
    })
  }

  it('limit gives no more deliveries than that', async () => {
    const storage = await filled(5)
    expect(await given({ storage, limit: 2 })).to.deep.equal(['d0', 'd1'])
    expect(storage.entries).to.have.length(3)
    expect(storage.claims).to.equal(0)
  })

  it('limit counts none that is not due', async () => {
    const storage = await filled(3, i => (i === 0 ? { error: answered(503, { 'retry-after': '999999' }) } : {}))
    expect(await given({ storage, limit: 1 })).to.deep.equal(['d1'])
  })

  it('rate gives no more records a second than that', async () => {
    const start = performance.now()
    expect(await given({ storage: await filled(6), rate: 50 })).to.have.length(6)
    expect(performance.now() - start).to.be.within(95, 1_000)
  })

  it('rate leaves no listener behind for what it has given', async () => {
    const signals = new Set<AbortSignal>()
    const { addEventListener } = AbortSignal.prototype
    AbortSignal.prototype.addEventListener = function (this: AbortSignal, ...args: unknown[]) {
      signals.add(this)
      return Reflect.apply(addEventListener, this, args) as void
    }
    try {
      const source = replay({ storage: await filled(30), rate: 1_000, limit: 25 })
      let most = 0
      for await (const delivery of source) {
        for (const signal of signals) most = Math.max(most, getEventListeners(signal, 'abort').length)
        void (delivery as Delivery).settle('delivered')
      }
      expect(most).to.be.within(0, 2)
    } finally {
      AbortSignal.prototype.addEventListener = addEventListener
    }
  })

  for (const [options, message] of [
    [{ limit: 0 }, 'replay/limit must be >= 1, got 0'],
    [{ limit: 1.5 }, 'replay/limit must be integer, got 1.5'],
    [{ rate: 0 }, 'replay/rate must be > 0, got 0']
  ] as const) {
    it(`of a wrong value is refused: ${message}`, () => {
      expect(() => replay({ storage: new MemoryStorage(), ...options })).to.throw(OptionsError, message)
    })
  }
})

describe('replay', () => {
  it('gives deliveries as they were stored', async () => {
    const storage = new MemoryStorage()
    const headers = { 'x-a': 'b', authorization: 'hunter2' }
    const init = { id: 'x', method: 'PUT', url: 'http://old/x', headers, version: 2, acceptedAt: 7, priorAttempts: 3 }
    await storage.append([new Delivery(['{"a":1}', Buffer.from([255])], init).failed(answered(503))])
    const source = replay(storage)
    const [delivery] = (await source.toArray()) as [Delivery]
    expect(delivery).to.include({ id: 'x', version: 3, acceptedAt: 7, priorAttempts: 4, attempts: 0, frozen: true })
    expect(delivery.error).to.equal(undefined)
    expect(delivery.firstError).to.include({ status: 503 })
    expect(delivery.records).to.deep.equal(['{"a":1}', Buffer.from([255])])
    expect(delivery.request).to.deep.include({ method: 'PUT', url: 'http://old/x', headers: { 'x-a': 'b' } })
    void delivery.settle('abandoned')
    await source.settled()
  })

  it('removes what is delivered', async () => {
    const storage = await filled(50)
    const { http, sender } = manual()
    sender.script = () => undefined
    const source = replay(storage)
    await pipeline(source, http)
    await within(source.settled(), 'the replay to be settled')
    expect(storage.entries).to.deep.equal([])
    expect(source.stats()).to.deep.equal({
      given: 50,
      outstanding: 0,
      notDue: 0,
      delivered: 50,
      stored: 0,
      abandoned: 0
    })
  })

  it('removes what is delivered however little the sink takes at once', async () => {
    const storage = await filled(50)
    const { http, sender } = manual({ queueCapacity: 1, numWriters: 1 })
    const source = replay(storage)
    const piped = pipeline(source, http)
    while (!http.writableFinished) {
      sender.okAll()
      await turns(1)
    }
    await piped
    await within(source.settled(), 'the replay to be settled')
    expect(sender.sent).to.have.length(50)
    expect(storage.entries).to.deep.equal([])
    expect(source.stats()).to.include({ given: 50, delivered: 50 })
  })

  it('removes what is delivered behind a stream of the user', async () => {
    const storage = await filled(50)
    const { http, sender } = manual({ queueCapacity: 1, numWriters: 1 })
    sender.script = () => undefined
    const source = replay(storage)
    await pipeline(source, new PassThrough({ objectMode: true, highWaterMark: 30 }), http)
    await within(source.settled(), 'the replay to be settled')
    expect(storage.entries).to.deep.equal([])
  })

  it('removes the old version of what is stored anew, once the new one is durable', async () => {
    const storage = await filled(3)
    const { http, sender } = manual()
    sender.script = ({ id }) => (id === 'd1' ? answered(500) : undefined)
    const failover = new FailoverWritable({ storage })
    const source = replay(storage)
    const removed: Entry[] = []
    storage.beforeRemove = entries => {
      for (const { id, version } of entries) {
        if (id === 'd1') expect(storage.entries.find(entry => entry.id === id)!.version).to.equal(version + 1)
      }
      removed.push(...entries)
    }
    await pipeline(source, http, failover)
    await within(source.settled(), 'the replay to be settled')
    expect(removed.map(({ id, version }) => `${id} ${version}`)).to.have.members(['d0 1', 'd1 1', 'd2 1'])
    const [left, ...others] = storage.entries
    expect(others).to.deep.equal([])
    expect(left).to.include({ id: 'd1', version: 2 })
    expect(left!.envelope).to.include({ attempts: 2 })
    expect(left!.envelope.firstError).to.include({ status: 503 })
    expect(left!.envelope.lastError).to.include({ status: 500 })
    expect(source.stats()).to.include({ delivered: 2, stored: 1 })
  })

  it('never removes what is abandoned, and leaves it to the next replay', async () => {
    const storage = await filled(5)
    const { http } = manual({ numWriters: 2, queueCapacity: 1 })
    const source = replay(storage)
    const piped = pipeline(source, http).catch((error: unknown) => error)
    await until(() => http.stats().accepted > 2)
    http.destroy()
    expect(await piped).to.be.an('error')
    await within(source.settled(), 'the replay to be settled')
    expect(storage.entries).to.have.length(5)
    expect(storage.claims).to.equal(0)
    expectOver(http.stats())
    const { given: all, abandoned, outstanding } = source.stats()
    expect([abandoned, outstanding]).to.deep.equal([all, 0])
    expect(await given({ storage })).to.have.length(5)
  })

  it('continues where an interrupted replay stopped', async () => {
    const storage = await filled(10)
    const { http, sender } = manual({ numWriters: 1 })
    sender.script = (_, attempt) => (attempt <= 4 ? undefined : answered(503))
    const source = replay(storage)
    const piped = pipeline(source, http).catch(() => {})
    await until(() => sender.sent.length >= 5)
    http.destroy()
    await piped
    await within(source.settled(), 'the replay to be settled')
    expect(await given({ storage })).to.deep.equal(['d4', 'd5', 'd6', 'd7', 'd8', 'd9'])
  })

  it('does not give what the endpoint asked not to be sent yet, and does once it is due', async () => {
    const storage = await filled(2, i => (i === 0 ? { error: answered(503, { 'retry-after': '999999' }) } : {}))
    const source = replay(storage)
    await pipeline(source, new Settler('delivered'))
    await source.settled()
    expect(source.stats()).to.deep.include({ given: 1, notDue: 1 })
    expect(storage.claims).to.equal(0)
    const now = Date.now
    try {
      Date.now = () => now() + 2_000_000_000
      expect(await given({ storage })).to.deep.equal(['d0'])
    } finally {
      Date.now = now
    }
  })

  it('never gives the same entry to two', async () => {
    const storage = await filled(40)
    const [one, other] = [new Settler(), new Settler()]
    const sources = [replay(storage), replay(storage)]
    await Promise.all([pipeline(sources[0]!, one), pipeline(sources[1]!, other)])
    expect([...one.ids, ...other.ids].sort()).to.deep.equal(Array.from({ length: 40 }, (_, i) => `d${i}`).sort())
  })

  it('does not chase what is stored while it reads', async () => {
    const storage = await filled(5)
    const { http, sender } = manual()
    sender.script = () => answered(503)
    const source = replay(storage)
    await within(pipeline(source, http, new FailoverWritable({ storage })), 'the replay to end')
    await within(source.settled(), 'the replay to be settled')
    expect(sender.sent).to.have.length(5)
    expect(storage.entries.map(({ version }) => version)).to.deep.equal([2, 2, 2, 2, 2])
  })

  it('fails with the error of a storage that cannot be read', async () => {
    const storage = await filled(3)
    let read = 0
    storage.beforeEntry = () => {
      if (read++ === 1) throw storageFailure(false)
    }
    const settler = new Settler('delivered')
    const source = replay(storage)
    const failure = await pipeline(source, settler).catch((error: unknown) => error)
    expect(failure).to.include({ code: 'SPW_ERR_STORAGE' })
    await within(source.settled(), 'the replay to be settled')
    expect(storage.entries).to.have.length(2)
  })

  it('fails the stream that has the delivery when it cannot be removed, and is settled all the same', async () => {
    const storage = await filled(1)
    storage.beforeRemove = () => {
      throw storageFailure(false)
    }
    const { http, sender } = manual()
    sender.script = () => undefined
    const source = replay(storage)
    const failure = await within(
      pipeline(source, http).catch((error: unknown) => error),
      'the replay to fail'
    )
    expect(failure).to.include({ code: 'SPW_ERR_SETTLE' })
    expect((failure as Error).cause).to.include({ code: 'SPW_ERR_STORAGE' })
    await within(source.settled(), 'the replay to be settled')
  })

  it('is settled for all who ask, and only when all that it gave is', async () => {
    const storage = await filled(2)
    const settler = new Settler()
    const source = replay(storage)
    let settled = 0
    const both = [source.settled(), source.settled()].map(promise => promise.then(() => settled++))
    await pipeline(source, settler)
    await turns()
    void settler.taken[0]!.settle('delivered')
    await turns()
    expect(settled).to.equal(0)
    void settler.taken[1]!.settle('delivered')
    await within(Promise.all([...both, source.settled()]), 'the replay to be settled')
  })

  it('gives back what it has read when it is destroyed while it waits', async () => {
    const storage = await filled(5)
    storage.beforeEntry = () => paused(10)
    const source = replay(storage)
    source.resume()
    source.pause()
    await paused(2)
    source.destroy()
    await within(source.settled(), 'the replay to be settled')
    expect(storage.entries).to.have.length(5)
    expect(storage.claims).to.equal(0)
  })

  it('gives back what waits for its turn when it is destroyed', async () => {
    const storage = await filled(5)
    const source = replay({ storage, rate: 0.1 })
    const settler = new Settler('delivered')
    source.pipe(settler)
    await until(() => settler.taken.length === 1)
    source.destroy()
    await within(source.settled(), 'the replay to be settled')
    expect(storage.entries).to.have.length(4)
    expect(storage.claims).to.equal(0)
  })

  it('gives nothing more once it is destroyed, not what stands in the buffer of Node either', async () => {
    const storage = await filled(5)
    const source = replay(storage)
    const taken: unknown[] = []
    source.pause()
    source.on('data', delivery => taken.push(delivery))
    source.read(0)
    await until(() => source.readableLength === 5)
    source.resume()
    source.destroy()
    await within(source.settled(), 'the replay to be settled')
    await turns()
    expect(taken).to.deep.equal([])
    expect([storage.entries.length, storage.claims]).to.deep.equal([5, 0])
  })

  it('stops when the stream behind it fails before it has read all', async () => {
    const storage = await filled(100)
    const source = replay(storage)
    const sink = new Writable({ objectMode: true, write: (_delivery, _encoding, done) => done(new Error('mine')) })
    const closed = new Promise(resolve => source.once('close', resolve))
    await pipeline(source, sink).catch(() => {})
    await within(closed, 'close')
    expect(storage.entries).to.have.length(100)
  })

  it('is a Readable of the deliveries', async () => {
    const source = replay(await filled(3))
    expect(source).to.be.instanceOf(Readable)
    let count = 0
    for await (const delivery of source) {
      count++
      void (delivery as Delivery).settle('delivered')
    }
    expect(count).to.equal(3)
    await within(source.settled(), 'the replay to be settled')
  })
})
