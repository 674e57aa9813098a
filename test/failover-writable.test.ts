import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { Delivery } from '../lib/delivery.ts'
import type { Outcome } from '../lib/delivery/settlement.ts'
import { OptionsError, StorageError } from '../lib/errors.ts'
import { type FailoverOptions, type FailoverRules, FailoverWritable } from '../lib/failover-writable.ts'
import { HttpWritable } from '../lib/http-writable.ts'
import { FileStorage } from '../lib/storage/file-storage.ts'
import { HBaseStorage } from '../lib/storage/hbase-storage.ts'
import { HdfsStorage } from '../lib/storage/hdfs-storage.ts'
import { KafkaStorage } from '../lib/storage/kafka-storage.ts'
import { MysqlStorage } from '../lib/storage/mysql-storage.ts'
import { PostgresStorage } from '../lib/storage/postgres-storage.ts'
import type { StorageOptions } from '../lib/storage/storage-options.ts'
import type { Storage } from '../lib/storage/storage.ts'
import { destroying } from './support/cleaning.ts'
import { expectOver } from './support/law.ts'
import { answered, ManualSender } from './support/manual-sender.ts'
import { hushStalls, MemoryStorage, storageFailure } from './support/memory-storage.ts'
import { paused, turns, until, within } from './support/waiting.ts'

const destroyed = destroying()

interface Opened {
  readonly failover: FailoverWritable
  readonly storage: MemoryStorage
}

function opened(options: FailoverRules = {}): Opened {
  const storage = new MemoryStorage()
  const failover = destroyed(new FailoverWritable({ storage, ...options }))
  failover.on('error', () => {})
  return { failover, storage }
}

const failed = (...records: string[]): Delivery => new Delivery(records).failed(answered(503))

function watched(delivery: Delivery): { delivery: Delivery; outcomes: Outcome[] } {
  const outcomes: Outcome[] = []
  return { delivery: delivery.onSettled(outcome => void outcomes.push(outcome)), outcomes }
}

async function finished(failover: FailoverWritable): Promise<void> {
  failover.end()
  await within(failover.settled(), 'the stream to be settled')
}

/** What is published on the channels of the storage while `act` runs. */
async function published(act: () => Promise<void>): Promise<string[]> {
  const names = ['spillway:storage-stalled', 'spillway:storage-resumed'] as const
  const messages: string[] = []
  const listeners = names.map(name => (): void => void messages.push(name))
  names.forEach((name, i) => subscribe(name, listeners[i]!))
  await act()
  names.forEach((name, i) => unsubscribe(name, listeners[i]!))
  return messages
}

describe('FailoverWritable with the option', () => {
  hushStalls()

  it('storage stores there, and leaves open a Storage that was made by the caller', async () => {
    const { failover, storage } = opened()
    failover.write(failed('a'))
    await finished(failover)
    expect(storage.records).to.deep.equal(['a'])
    expect(storage.closed).to.equal(0)
  })

  it('storage left out is refused', () => {
    expect(() => new FailoverWritable({} as never)).to.throw(OptionsError, 'To drop what fails say storage: none.')
  })

  it('storage none counts as abandoned what it drops', async () => {
    const failover = new FailoverWritable({ storage: 'none' })
    const { delivery, outcomes } = watched(failed('a'))
    failover.write(delivery)
    await finished(failover)
    expect(outcomes).to.deep.equal(['abandoned'])
    expect(failover.stats()).to.include({ accepted: 1, stored: 0, abandoned: 1 })
  })

  it('batchSize puts no more deliveries in one append', async () => {
    const { failover, storage } = opened({ batchSize: 3 })
    await pipeline(Readable.from(Array.from({ length: 10 }, (_, i) => failed(String(i)))), failover)
    expect(Math.max(...storage.appends.map(({ length }) => length))).to.equal(3)
    expect(storage.records).to.have.length(10)
  })

  it('batchSize says how many may wait', async () => {
    const { failover, storage } = opened({ batchSize: 5 })
    storage.beforeAppend = () => new Promise(() => {})
    let written = 1
    while (failover.write(failed('a'))) written++
    // Twice the size, and 16 in front.
    expect(written).to.be.within(10, 10 + 16)
    expect(failover.writableHighWaterMark).to.equal(10)
    expect(failover.writableLength).to.equal(written)
  })

  it('eager opens the storage at the start', async () => {
    const { storage } = opened({ eager: true })
    await turns()
    expect(storage.opened).to.equal(1)
    expect(opened().storage.opened).to.equal(0)
  })

  it('T33 eager fails at the start when the storage cannot be opened', async () => {
    const storage = new MemoryStorage()
    storage.open = () => Promise.reject(storageFailure(false, 'SPW_ERR_STORAGE_LOCKED'))
    const failover = new FailoverWritable({ storage, eager: true })
    const [error] = (await within(once(failover, 'error'), 'an error')) as [Error]
    expect(error).to.include({ code: 'SPW_ERR_STORAGE_LOCKED' })
  })

  it('fallback stores there what the first storage does not take, and its fallback in turn', async () => {
    const [second, third] = [new MemoryStorage(), new MemoryStorage()]
    const { failover, storage } = opened({ fallback: { storage: second, fallback: { storage: third } } })
    storage.beforeAppend = second.beforeAppend = () => {
      throw storageFailure(false)
    }
    const { delivery, outcomes } = watched(failed('a'))
    failover.write(delivery)
    await finished(failover)
    expect([storage.records, second.records, third.records]).to.deep.equal([[], [], ['a']])
    expect(outcomes).to.deep.equal(['stored'])
  })

  for (const moveBack of [true, false]) {
    it(`moveBack ${moveBack} ${moveBack ? 'brings back' : 'leaves'} what the fallback holds from an earlier run`, async () => {
      const second = new MemoryStorage()
      await second.append([failed('a')])
      const { failover, storage } = opened({ fallback: { storage: second }, moveBack })
      await paused(1_100)
      expect([storage.records, second.records]).to.deep.equal(moveBack ? [['a'], []] : [[], ['a']])
      await finished(failover)
    })
  }

  it('T36 brings back what went to the fallback while the first storage was away, once that works again', async function () {
    this.timeout(20_000)
    const second = new MemoryStorage()
    const { failover, storage } = opened({ fallback: { storage: second } })
    storage.beforeAppend = () => {
      throw storageFailure(true)
    }
    for (const text of ['a', 'b', 'c']) failover.write(failed(text))
    await until(() => second.records.length === 3, 'the fallback')
    storage.beforeAppend = () => {}
    await until(() => second.records.length === 0, 'what is brought back', 15_000)
    expect(storage.records).to.deep.equal(['a', 'b', 'c'])
    expect(failover.stats()).to.include({ stored: 3, storing: 0 })
    await finished(failover)
  })

  it('fallback in the place of a storage before it is refused, by options and by instances', () => {
    const path = './failover'
    const file = { storage: 'file', path } as const
    const table = { jdbcUrl: 'jdbc:mysql://127.0.0.1:9/x', username: 'x', table: 'record' }
    const mysql = { storage: 'mysql', ...table } as const
    const instance = new MemoryStorage()
    const postgres = { ...table, jdbcUrl: 'jdbc:postgresql://127.0.0.1:9/x' }
    const hbase = { 'zookeeper.quorum': '127.0.0.1', table: 'record' }
    const hdfs = { namenode: 'http://127.0.0.1:9', path: '/x' }
    const kafka = { 'bootstrap.servers': '127.0.0.1:9', topic: 'record' }
    const remotes: Array<[option: string, made: () => Storage, options: StorageOptions]> = [
      ['table', () => new MysqlStorage({ ...table, username: 'y' }), mysql],
      ['table', () => new PostgresStorage(postgres), { storage: 'postgres', ...postgres, timeout: 5 }],
      ['table', () => new HBaseStorage(hbase), { storage: 'hbase', ...hbase, 'zookeeper.property.clientPort': 2181 }],
      ['table', () => new HdfsStorage(hdfs), { storage: 'hdfs', ...hdfs, table: 'record' }],
      ['topic', () => new KafkaStorage(kafka), { storage: 'kafka', ...kafka }]
    ]
    const wrong: Array<[FailoverOptions, string]> = [
      [{ ...file, fallback: file }, 'failover/fallback/path must be another folder than failover/path'],
      [
        { storage: new FileStorage({ path }), fallback: { ...file, path: 'failover' } },
        'failover/fallback/path must be'
      ],
      [
        { storage: new FileStorage({ path }), fallback: { storage: new FileStorage({ path }) } },
        'failover/fallback/path must be'
      ],
      [{ ...mysql, fallback: { ...file, fallback: mysql } }, 'failover/fallback/fallback/table must be another'],
      ...remotes.flatMap(([name, made, options]): Array<[FailoverOptions, string]> => [
        [{ storage: made(), fallback: { storage: made() } }, `failover/fallback/${name} must be another ${name}`],
        [{ storage: made(), fallback: options }, `failover/fallback/${name} must be another ${name}`]
      ]),
      [{ storage: instance, fallback: { storage: instance } }, 'failover/fallback/storage must be another Storage']
    ]
    for (const [options, message] of wrong) {
      expect(() => new FailoverWritable(options), message).to.throw(OptionsError, message)
    }
    new FailoverWritable({ ...file, table: 'a', fallback: { ...file, table: 'b' } }).destroy()
  })

  it('fallback of a wrong kind is refused', () => {
    expect(() => opened({ fallback: { storage: 'flie' as never } })).to.throw(OptionsError, 'did you mean "file"?')
    expect(() => opened({ fallback: 'none' as never })).to.throw(OptionsError, 'failover/fallback must be object')
  })

  for (const [options, message] of [
    [{ batchSize: 0 }, 'failover/batchSize must be >= 1, got 0'],
    [{ moveBack: 1 }, 'failover/moveBack must be boolean, got 1'],
    [{ eager: 'yes' }, 'failover/eager must be boolean, got "yes"']
  ] as const) {
    it(`of a wrong value is refused: ${message}`, () => {
      expect(() => opened(options as never)).to.throw(OptionsError, message)
    })
  }
})

describe('FailoverWritable', () => {
  hushStalls()

  it('runs the callback of a write once the delivery is durable, and settles it then', async () => {
    const { failover, storage } = opened()
    let release = (): void => {}
    storage.beforeAppend = () => new Promise(resolve => (release = resolve))
    const { delivery, outcomes } = watched(failed('a', 'b'))
    let called = false
    failover.write(delivery, () => (called = true))
    await turns()
    expect([called, outcomes.length]).to.deep.equal([false, 0])
    expect(failover.stats()).to.include({ storing: 2, stored: 0 })
    release()
    await turns()
    expect([called, outcomes]).to.deep.equal([true, ['stored']])
    expect(failover.stats()).to.include({ storing: 0, stored: 2 })
    failover.destroy()
  })

  it('puts what is written in one turn of the event loop in one append', async () => {
    const { failover, storage } = opened()
    for (let i = 0; i < 15; i++) failover.write(failed(String(i)))
    await turns()
    expect(storage.appends.map(({ length }) => length)).to.deep.equal([15])
    failover.destroy()
  })

  it('has no more than two appends under way', async () => {
    const { failover, storage } = opened({ batchSize: 2 })
    storage.delay = 2
    await pipeline(Readable.from(Array.from({ length: 50 }, (_, i) => failed(String(i)))), failover)
    expect(storage.mostUnderWay).to.equal(2)
    expect(storage.records).to.have.length(50)
  })

  it('finishes only after all is durable and every hook has come back', async () => {
    const { failover, storage } = opened()
    storage.delay = 10
    let hook = (): void => {}
    failover.write(failed('a').onSettled(() => new Promise(resolve => (hook = resolve))))
    let over = false
    failover.on('finish', () => (over = true))
    failover.end()
    await until(() => storage.appends.length === 1)
    await turns()
    expect(over).to.equal(false)
    expect(failover.stats()).to.include({ storing: 1, stored: 0 })
    hook()
    await within(failover.settled(), 'the stream to be settled')
    expect(over).to.equal(true)
    expect(failover.stats()).to.include({ storing: 0, stored: 1 })
  })

  it('counts what waits for its hooks against its capacity', async () => {
    const { failover } = opened({ batchSize: 5 })
    let written = 0
    const source = Readable.from(
      (function* () {
        for (;;) yield (written++, failed('a').onSettled(() => new Promise(() => {})))
      })()
    )
    source.pipe(failover)
    await turns(300)
    expect(written).to.be.at.most(10 + 5 + 2 * 16 + 2)
    source.destroy()
    failover.destroy()
  })

  it('errors when a hook fails, and the record stays what it was', async () => {
    const { failover } = opened()
    failover.write(failed('a').onSettled(() => Promise.reject(new Error('mine'))))
    const [error] = (await within(once(failover, 'error'), 'an error')) as [Error]
    expect(error).to.include({ code: 'SPW_ERR_SETTLE' })
    expect(error.cause).to.have.property('message', 'mine')
    await within(failover.settled(), 'the stream to be settled')
    expect(failover.stats()).to.include({ stored: 0, storing: 1 })
  })

  it('S19 stops the source while the storage is slow', async () => {
    const { failover, storage } = opened({ batchSize: 10 })
    storage.beforeAppend = () => new Promise(() => {})
    let written = 0
    const source = Readable.from(
      (function* () {
        for (;;) yield (written++, failed('a'))
      })()
    )
    source.pipe(failover)
    await turns(100)
    expect(written).to.be.within(20, 20 + 2 * 10 + 3 * 16)
    source.destroy()
  })

  it('stops the source when so many bytes wait', async () => {
    const { failover, storage } = opened({ batchSize: 100_000 })
    storage.beforeAppend = () => new Promise(() => {})
    const megabyte = 'x'.repeat(1024 * 1024)
    let written = 0
    const source = Readable.from(
      (function* () {
        for (;;) yield (written++, failed(megabyte))
      })()
    )
    source.pipe(failover)
    await turns(100)
    // 16 MiB in the queue, as many in each of two appends, and what Node's buffers hold.
    expect(written).to.be.at.most(3 * 17 + 3 * 16)
    source.destroy()
  })

  it('T03 stops the source while the storage is full, says so once, and goes on when there is room', async () => {
    const { failover, storage } = opened()
    let tries = 0
    storage.beforeAppend = () => {
      if (tries++ < 2) throw storageFailure(true, 'SPW_ERR_STORAGE_FULL')
    }
    const messages = await published(async () => {
      failover.write(failed('a'))
      await finished(failover)
    })
    expect(messages).to.deep.equal(['spillway:storage-stalled', 'spillway:storage-resumed'])
    expect(storage.records).to.deep.equal(['a'])
    expect(failover.errored).to.equal(null)
  })

  it('is destroyed with the error of a storage that fails for good', async () => {
    const { failover, storage } = opened()
    const failure = storageFailure(false)
    storage.beforeAppend = () => {
      throw failure
    }
    const called: unknown[] = []
    const all = Array.from({ length: 5 }, (_, i) => watched(failed(String(i))))
    for (const { delivery } of all) failover.write(delivery, error => called.push(error))
    const [error] = await within(once(failover, 'error'), 'an error')
    expect(error).to.equal(failure)
    await failover.settled()
    expect(called).to.deep.equal(Array(5).fill(failure))
    expect(all.map(({ outcomes }) => outcomes)).to.deep.equal(Array(5).fill(['abandoned']))
    expectOver(failover.stats())
  })

  it('stores what end() is given', async () => {
    const { failover, storage } = opened()
    const { delivery, outcomes } = watched(failed('a'))
    let called = false
    failover.end(delivery, () => (called = true))
    await within(failover.settled(), 'the stream to be settled')
    expect([storage.records, outcomes, called]).to.deep.equal([['a'], ['stored'], true])
  })

  it('never says so to a writer who heeds write(), however small the capacity', async () => {
    const { failover, storage } = opened({ batchSize: 1 })
    await pipeline(Readable.from(Array.from({ length: 200 }, (_, i) => failed(String(i)))), failover)
    expect(storage.records).to.have.length(200)
  })

  it('S20 does not finish when the storage fails at the end', async () => {
    const { failover, storage } = opened()
    storage.beforeAppend = () => {
      throw storageFailure(false)
    }
    let over = false
    failover.on('finish', () => (over = true))
    failover.end(failed('a'))
    await within(failover.settled(), 'the stream to be settled')
    expect(over).to.equal(false)
    expect(failover.errored).to.be.instanceOf(StorageError)
  })

  it('keeps the others when the storage refuses one, and is destroyed with that error', async () => {
    const { failover, storage } = opened()
    storage.beforeAppend = deliveries => {
      if (deliveries.some(({ records }) => records.includes('3')))
        throw storageFailure(false, 'SPW_ERR_STORAGE_REFUSED')
    }
    const all = Array.from({ length: 6 }, (_, i) => watched(failed(String(i))))
    for (const { delivery } of all) failover.write(delivery)
    const [error] = (await within(once(failover, 'error'), 'an error')) as [Error]
    expect(error).to.include({ code: 'SPW_ERR_STORAGE_REFUSED' })
    await failover.settled()
    await turns()
    expect(storage.records).to.have.members(['0', '1', '2', '4', '5'])
    expect(all.map(({ outcomes }) => outcomes[0])).to.deep.equal([
      'stored',
      'stored',
      'stored',
      'abandoned',
      'stored',
      'stored'
    ])
  })

  it('gives to the fallback what the storage refuses, and that alone', async () => {
    const second = new MemoryStorage()
    const { failover, storage } = opened({ fallback: { storage: second } })
    storage.beforeAppend = deliveries => {
      if (deliveries.some(({ records }) => records.includes('1')))
        throw storageFailure(false, 'SPW_ERR_STORAGE_REFUSED')
    }
    for (let i = 0; i < 3; i++) failover.write(failed(String(i)))
    await finished(failover)
    expect([...storage.records, ...second.records].sort()).to.deep.equal(['0', '1', '2'])
    expect(second.records).to.include('1')
    expect(failover.errored).to.equal(null)
  })

  it('takes nothing beyond twice its capacity and says so to the callback', async () => {
    const { failover, storage } = opened({ batchSize: 50 })
    storage.beforeAppend = () => new Promise(() => {})
    const errors: unknown[] = []
    for (let i = 0; i < 300; i++) failover.write(failed('a'), error => error && errors.push(error))
    await turns()
    expect(errors).to.have.length(100)
    expect(errors[0]).to.include({ code: 'SPW_ERR_OVERFLOW' })
    expect(failover.destroyed).to.equal(false)
  })

  for (const record of ['a record', undefined]) {
    it(`fails on what is no delivery, and calls back once: ${record}`, async () => {
      const { failover } = opened()
      const told: unknown[] = []
      failover.write(record, error => told.push(error))
      const [error] = (await within(once(failover, 'error'), 'an error')) as [Error]
      expect(error).to.be.instanceOf(TypeError)
      await within(failover.settled(), 'the stream to be settled')
      expect(told).to.deep.equal([error])
    })
  }

  it('tells the account that travels with the deliveries', async () => {
    const sender = new ManualSender()
    sender.script = ({ records }) => (records[0] === '1' ? answered(400) : undefined)
    const http = new HttpWritable({ url: 'http://127.0.0.1:9/', wrapSender: sender.wrap })
    const { failover } = opened()
    await pipeline(Readable.from([0, 1, 2]), http, failover)
    expect(failover.stats()).to.deep.equal(http.stats())
    expect(http.stats()).to.include({ accepted: 3, delivered: 2, stored: 1, refused: 1 })
  })

  it('counts its own when it is fed by several', async () => {
    const { failover } = opened()
    const streams = ['a', 'b'].map(name => {
      const sender = new ManualSender()
      sender.script = () => answered(503)
      const http = new HttpWritable({ url: 'http://127.0.0.1:9/', wrapSender: sender.wrap })
      http.pipe(failover, { end: false })
      http.end(name)
      return http
    })
    await Promise.all(streams.map(http => http.settled()))
    failover.write(failed('c'))
    await finished(failover)
    expect(failover.stats()).to.include({ accepted: 3, stored: 3 })
    for (const http of streams) expect(http.stats()).to.include({ accepted: 1, stored: 1 })
  })

  describe('that is destroyed', () => {
    it('calls every callback with an error, and settles all as abandoned', async () => {
      const { failover, storage } = opened({ batchSize: 2 })
      let release = (): void => {}
      storage.beforeAppend = () => new Promise(resolve => (release = resolve))
      const called: unknown[] = []
      const all = Array.from({ length: 4 }, (_, i) => watched(failed(String(i))))
      for (const { delivery } of all) failover.write(delivery, error => called.push(error))
      failover.destroy()
      await turns()
      expect(called).to.have.length(4)
      for (const error of called) expect(error).to.include({ code: 'SPW_ERR_ABANDONED' })
      expect(all.map(({ outcomes }) => outcomes)).to.deep.equal(Array(4).fill(['abandoned']))
      release()
      await within(failover.settled(), 'the stream to be settled')
      expectOver(failover.stats())
    })

    it('waits for an append that is under way, whose outcome counts', async () => {
      const { failover, storage } = opened()
      storage.delay = 30
      const { delivery, outcomes } = watched(failed('a'))
      failover.write(delivery)
      await turns()
      const behind = watched(failed('b'))
      failover.write(behind.delivery)
      failover.destroy()
      await within(failover.settled(), 'the stream to be settled')
      expect([outcomes, behind.outcomes]).to.deep.equal([['stored'], ['abandoned']])
      expect(storage.records).to.deep.equal(['a'])
    })

    it('ends the waiting for a storage that stands still', async () => {
      const { failover, storage } = opened()
      storage.beforeAppend = () => {
        throw storageFailure(true)
      }
      const { delivery, outcomes } = watched(failed('a'))
      failover.write(delivery)
      await paused(400)
      failover.destroy()
      await within(failover.settled(), 'the stream to be settled', 300)
      expect(outcomes).to.deep.equal(['abandoned'])
    })

    it('settles as abandoned what is still piped into it', async () => {
      const sender = new ManualSender()
      const http = new HttpWritable({ url: 'http://127.0.0.1:9/', wrapSender: sender.wrap })
      http.on('error', () => {})
      const { failover, storage } = opened()
      storage.delay = 40
      http.pipe(failover)
      const outcomes: Outcome[] = []
      for (let i = 0; i < 2; i++)
        http.write(new Delivery([String(i)]).onSettled(outcome => void outcomes.push(outcome)))
      await turns()
      sender.open[0]!.fail(answered(503))
      await until(() => storage.underWay === 1)
      failover.destroy()
      sender.open[0]!.fail(answered(503))
      await turns()
      http.destroy()
      await within(Promise.all([http.settled(), failover.settled()]), 'the streams to be settled')
      expect(outcomes.sort()).to.deep.equal(['abandoned', 'stored'])
      expectOver(http.stats())
      expect(http.stats()).to.include({ stored: 1, abandoned: 1, handedBack: 0 })
    })
  })
})
