import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable, Transform, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { Delivery } from '../lib/delivery.ts'
import { OptionsError, StorageError } from '../lib/errors.ts'
import { FailoverWritable } from '../lib/failover-writable.ts'
import { type HttpOptions, HttpWritable } from '../lib/http-writable.ts'
import { KeptRecord } from '../lib/journal/kept-record.ts'
import { type JournalOptions, type JournalRules, JournalTransform } from '../lib/journal-transform.ts'
import { replay } from '../lib/replay.ts'
import { RetryTransform } from '../lib/retry-transform.ts'
import { line as checked, lineOf } from '../lib/storage/file/line.ts'
import { FileStorage } from '../lib/storage/file-storage.ts'
import { destroying, servers } from './support/cleaning.ts'
import { entriesIn, idsOf, textsIn } from './support/deliveries.ts'
import { answer } from './support/fault.ts'
import { expectLaw, expectOver } from './support/law.ts'
import { answered, ManualSender } from './support/manual-sender.ts'
import { hushStalls, MemoryStorage, storageFailure } from './support/memory-storage.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { failing, FaultyDisk } from './storage/file/faulty-disk.ts'
import { paused, turns, until, within } from './support/waiting.ts'

const nowhere = 'http://127.0.0.1:9/'

interface Line {
  readonly journal: JournalTransform
  readonly http: HttpWritable
  readonly failover: FailoverWritable
  readonly sender: ManualSender
  readonly kept: MemoryStorage
  readonly stored: MemoryStorage
}

describe('JournalTransform', () => {
  hushStalls()
  const folder = temporaryFolder()
  const serve = servers()
  const destroyed = destroying()

  interface Given {
    journal?: JournalOptions | JournalRules
    http?: HttpOptions
    kept?: MemoryStorage
  }

  /** The whole line. Attempts stay open until the test answers them. */
  function line({ journal = {}, http = {}, kept = new MemoryStorage() }: Given = {}): Line {
    const sender = new ManualSender()
    const stored = new MemoryStorage()
    const parts = {
      journal: destroyed(new JournalTransform({ storage: kept, ...journal })),
      http: destroyed(new HttpWritable({ url: nowhere, wrapSender: sender.wrap, ...http })),
      failover: destroyed(new FailoverWritable({ storage: stored }))
    }
    const retry = destroyed(new RetryTransform({ retries: 0 }))
    for (const stream of [...Object.values(parts), retry]) stream.on('error', () => {})
    parts.journal.pipe(parts.http).pipe(retry).pipe(parts.failover)
    return { ...parts, sender, kept, stored }
  }

  it('calls back once a record is durable, and sends it only then', async () => {
    const { journal, sender, kept } = line()
    let go = (): void => {}
    kept.beforeAppend = () => new Promise(resolve => (go = resolve))
    let isDurable = false
    journal.write('a', () => (isDurable = true))
    await until(() => kept.underWay === 1)
    await turns()
    expect([isDurable, sender.open.length]).to.deep.equal([false, 0])
    go()
    await until(() => sender.open.length === 1)
    expect(isDurable).to.equal(true)
    expect(kept.records).to.deep.equal(['"a"'])
    expectLaw(journal.stats())
  })

  it('forgets a record that is delivered, and one that is stored', async () => {
    const { journal, sender, kept, stored } = line()
    journal.write('good')
    journal.write('bad')
    await until(() => sender.open.length === 2)
    expect(kept.entries).to.have.lengthOf(2)
    sender.open[0]!.ok()
    sender.open[0]!.fail(answered(400))
    journal.end()
    await within(journal.settled(), 'the journal to be settled')
    expect(kept.entries).to.deep.equal([])
    expect(stored.records).to.deep.equal(['"bad"'])
    expect(journal.stats()).to.include({ accepted: 2, delivered: 1, stored: 1 })
    expectOver(journal.stats())
  })

  it('keeps what is abandoned, and says how many', async () => {
    const { journal, http, sender, kept } = line({ http: { numWriters: 1 } })
    for (const record of ['a', 'b', 'c']) journal.write(record)
    await until(() => kept.entries.length === 3 && sender.open.length === 1)
    http.destroy()
    journal.destroy()
    await within(journal.settled(), 'the journal to be settled')
    expect(kept.records).to.deep.equal(['"a"', '"b"', '"c"'])
    expect([journal.kept, kept.claims]).to.deep.equal([3, 0])
    expect(journal.stats()).to.include({ accepted: 3, abandoned: 3 })
    expectOver(journal.stats())
  })

  it('counts as kept, once it is destroyed, what a storage has not answered for', async () => {
    const { journal, http, failover, kept, stored, sender } = line()
    stored.beforeAppend = () => new Promise(() => {})
    journal.write('a')
    await until(() => sender.open.length === 1)
    sender.open[0]!.fail(answered(400))
    await until(() => stored.underWay === 1)
    expect(journal.kept).to.equal(0)
    for (const stream of [journal, http, failover]) stream.destroy()
    await turns()
    expect([journal.kept, kept.entries.length]).to.deep.equal([1, 1])
  })

  it('gives first what was left, oldest first, with the ids it had', async () => {
    const kept = new MemoryStorage()
    const first = line({ kept })
    for (const record of ['a', 'b']) first.journal.write(record)
    await until(() => first.sender.open.length === 2)
    const ids = idsOf(first.sender.sent)
    first.http.destroy()
    first.journal.destroy()
    await within(first.journal.settled(), 'the first to be settled')

    const second = line({ kept, http: { numWriters: 1 } })
    second.sender.script = () => undefined
    second.journal.end('c')
    await within(second.journal.settled(), 'the second to be settled')
    expect(second.sender.sentRecords).to.deep.equal(['"a"', '"b"', '"c"'])
    expect(idsOf(second.sender.sent).slice(0, 2)).to.deep.equal(ids)
    expect(kept.entries).to.deep.equal([])
    expect(second.journal.stats()).to.include({ accepted: 3, delivered: 3 })
  })

  it('puts records into batches as they would be without it, and cuts an older batch to the size of today', async () => {
    const kept = new MemoryStorage()
    const batches = line({ kept, http: { batchSize: 4, batchDelay: 10_000 } })
    for (let i = 0; i < 8; i++) batches.journal.write(i)
    await until(() => batches.sender.open.length === 2)
    expect(batches.sender.open.map(({ delivery }) => String(delivery.body))).to.deep.equal(['[0,1,2,3]', '[4,5,6,7]'])
    batches.sender.open[0]!.ok()
    await until(() => kept.entries.length === 1)
    batches.http.destroy()
    batches.journal.destroy()
    await within(batches.journal.settled(), 'the batches to be settled')

    const single = line({ kept, http: { numWriters: 1 } })
    single.sender.script = ({ records }) => (records[0] === '6' ? answered(400) : undefined)
    single.journal.end()
    await within(single.journal.settled(), 'the single ones to be settled')
    expect(single.sender.sent.map(({ body }) => body)).to.deep.equal(['4', '5', '6', '7'])
    expect(single.journal.stats()).to.include({ delivered: 3, stored: 1 })
    expect(kept.entries).to.deep.equal([])
  })

  it('keeps an entry as long as a part of it is not settled', async () => {
    const { journal, http, sender, kept } = line({ http: { batchSize: 2 } })
    journal.write(1)
    journal.write(2)
    await until(() => sender.open.length === 1)
    sender.open[0]!.fail(answered(413, {}, 2))
    await until(() => sender.open.length === 2)
    sender.open[0]!.ok()
    await turns()
    expect(kept.entries).to.have.lengthOf(1)
    sender.open[0]!.ok()
    await until(() => kept.entries.length === 0)
    journal.end()
    await within(journal.settled(), 'the journal to be settled')
    expect(http.stats()).to.include({ delivered: 2 })
  })

  it('stores what cannot be encoded as refused, and calls back once that is done', async () => {
    const { journal, kept, stored } = line()
    const written = new Promise<Error | null | undefined>(resolve => journal.write(1n, resolve))
    expect(await within(written, 'the callback')).to.equal(undefined)
    expect(stored.entries.map(({ envelope }) => envelope.outcome)).to.deep.equal(['refused'])
    expect(kept.appends).to.deep.equal([])
    expect(journal.stats()).to.include({ accepted: 1, stored: 1, refused: 1 })
  })

  it('lets what the storage refuses pass, and calls back once it is settled', async () => {
    const kept = new MemoryStorage()
    kept.beforeAppend = deliveries => {
      if (deliveries.some(({ records }) => records[0] === '"large"')) {
        throw storageFailure(false, 'SPW_ERR_STORAGE_REFUSED')
      }
    }
    const { journal, sender } = line({ kept })
    let isSettled = false
    journal.write('small')
    journal.write('large', () => (isSettled = true))
    await until(() => sender.open.length === 2)
    expect(kept.records).to.deep.equal(['"small"'])
    expect(isSettled).to.equal(false)
    sender.okAll()
    await until(() => isSettled)
    expectLaw(journal.stats())
  })

  it('passes deliveries that are given in on, without keeping them', async () => {
    const { journal, sender, kept } = line()
    sender.script = () => undefined
    const source = new MemoryStorage()
    await source.append([new Delivery(['"x"'], { url: nowhere })])
    const all = replay(source)
    all.pipe(journal)
    await within(all.settled(), 'the replay to be settled')
    expect(sender.sentRecords).to.deep.equal(['"x"'])
    expect(kept.appends).to.deep.equal([])
    expect(source.entries).to.deep.equal([])
  })

  it('tells whoever keeps a record of its end, and does not journal it', async () => {
    const { journal, sender, kept } = line({ http: { batchSize: 3 } })
    const outcomes: string[] = []
    for (const record of [1, 2, 3])
      journal.write(new KeptRecord(record, `id-${record}`, end => outcomes.push(`${record} ${end}`)))
    await until(() => sender.open.length === 1)
    expect(String(sender.open[0]!.delivery.body)).to.equal('[1,2,3]')
    sender.okAll()
    await until(() => outcomes.length === 3)
    expect(outcomes).to.deep.equal(['1 delivered', '2 delivered', '3 delivered'])
    expect(kept.appends).to.deep.equal([])
  })

  it('never stores a secret header of a record, nor a header that is a function', async () => {
    const kept = new MemoryStorage()
    const headers = { 'x-key': () => 'canary-1' }
    const options = { url: undefined, headers } as unknown as HttpOptions
    const { journal, sender } = line({ kept, http: options })
    journal.write({ url: nowhere, headers: { authorization: 'canary-2', 'x-plain': 'p' }, body: 1 })
    await until(() => sender.open.length === 1)
    expect(sender.open[0]!.delivery.request.headers).to.include({ authorization: 'canary-2', 'x-plain': 'p' })
    expect(JSON.stringify(kept.entries)).to.include('x-plain').and.not.include('canary')
  })

  describe('its options', () => {
    it('sync always makes each record durable by itself, one after the other', async () => {
      const { journal, kept } = line({ journal: { sync: 'always' } })
      for (const record of ['a', 'b', 'c']) journal.write(record)
      await until(() => kept.entries.length === 3)
      expect(kept.appends.map(({ length }) => length)).to.deep.equal([1, 1, 1])
      expect(kept.mostUnderWay).to.equal(1)
    })

    it('sync group makes all that wait durable together', async () => {
      const { journal, kept } = line()
      for (const record of ['a', 'b', 'c']) journal.write(record)
      await until(() => kept.entries.length === 3)
      expect(kept.appends.map(({ length }) => length)).to.deep.equal([3])
    })

    /** A line whose journal syncs by interval, with a record that it has called back. */
    async function writtenByInterval(interval: number): Promise<Line & { disk: FaultyDisk; storage: FileStorage }> {
      const disk = new FaultyDisk()
      const storage = FileStorage.on(disk, { path: folder() })
      const parts = line({ journal: { storage, sync: 'interval', interval } })
      await new Promise(resolve => parts.journal.write('first', resolve))
      return { ...parts, disk, storage }
    }

    it('interval is the time between two syncs with sync: interval, which calls back before', async () => {
      const { disk, storage, journal, sender } = await writtenByInterval(2_000)
      await until(() => sender.open.length === 1)
      const before = disk.count('sync', '.segment')
      const start = performance.now()
      await new Promise(resolve => journal.write('second', resolve))
      expect(disk.count('sync', '.segment')).to.equal(before)
      await until(() => disk.count('sync', '.segment') > before)
      expect(performance.now() - start).to.be.within(600, 3_700)
      sender.okAll()
      journal.end()
      await within(journal.settled(), 'the journal to be settled')
      await storage.close()
    })

    it('sync interval destroys the stream when what was written cannot be made durable', async () => {
      const { disk, storage, journal } = await writtenByInterval(20)
      disk.fault = failing('sync', 'EIO', { inPath: '.segment' })
      const failed = once(journal, 'error')
      journal.write('second')
      const [error] = (await within(failed, 'the error')) as [StorageError]
      expect(error).to.be.instanceOf(StorageError)
      expect(error.message).to.include('EIO')
      disk.fault = () => {}
      await storage.close()
    })

    it('sync interval: settled() waits for a sync that is under way, and says when it fails', async () => {
      const { disk, storage, journal, sender } = await writtenByInterval(20)
      await until(() => sender.open.length === 1)
      sender.okAll()
      let fail = (_: Error): void => {}
      const syncs = disk.count('sync', '.segment')
      disk.fault = (call, path) =>
        call === 'sync' && path.includes('.segment') ? new Promise((_resolve, reject) => (fail = reject)) : undefined
      journal.write('second')
      await until(() => disk.count('sync', '.segment') > syncs)
      await until(() => sender.open.length === 1)
      sender.okAll()
      journal.end()
      let result: unknown = 'under way'
      const settled = journal.settled().then(
        () => (result = 'settled'),
        (error: Error) => (result = error.message)
      )
      await paused(50)
      expect(result).to.equal('under way')
      disk.fault = failing('sync', 'EIO', { inPath: '.segment' })
      fail(Object.assign(new Error('EIO'), { code: 'EIO' }))
      expect(await within(settled, 'the end')).to.include('EIO')
      disk.fault = () => {}
      await storage.close()
    })

    it('queueCapacity holds back the source when so many records wait', async () => {
      const { journal, kept } = line({ journal: { queueCapacity: 50 } })
      kept.beforeAppend = () => new Promise(() => {})
      let count = 0
      while (count < 1_000 && journal.write(count)) count++
      expect(count).to.be.within(50, 50 + 16)
      expect([journal.writableHighWaterMark, journal.writableLength]).to.deep.equal([50, count + 1])
    })

    it('queueBytes holds back the source when so many bytes wait', async () => {
      const { journal, kept } = line({ journal: { queueBytes: 10_000 } })
      kept.beforeAppend = () => new Promise(() => {})
      let count = 0
      while (count < 1_000 && journal.write('x'.repeat(998))) count++
      expect(count).to.be.within(9, 10 + 16)
    })

    it('storage names one, with its own options beside it', async () => {
      const path = folder()
      const { journal, sender } = line({ journal: { storage: 'file', path } })
      journal.write('a')
      await until(() => sender.open.length === 1)
      expect(await textsIn(new FileStorage({ path }))).to.deep.equal(['"a"'])
    })

    it('names what is wrong', () => {
      const wrong: Array<[unknown, string]> = [
        [{ storage: 'none' }, 'journal/storage must keep what it is given'],
        [{ storage: 'file' }, 'journal/path is missing'],
        [{ storage: 'flie', path: 'x' }, 'journal/storage must be one of'],
        [{ storage: 'file', path: 'x', sync: 'never' }, 'journal/sync must be one of'],
        [{ storage: 'file', path: 'x', interval: 5 }, 'journal/interval is for journal/sync: interval'],
        [{ storage: new MemoryStorage(), sync: 'interval' }, 'only the storage "file" can sync by "interval"'],
        [{ storage: 'file', path: 'x', pth: 1 }, 'has no option "pth"']
      ]
      for (const [options, message] of wrong) {
        expect(() => new JournalTransform(options as JournalOptions), message).to.throw(OptionsError, message)
      }
    })

    it('are refused where a FailoverWritable stores that is not closed, whichever is made first', async () => {
      const same = { storage: 'mysql' as const, jdbcUrl: 'jdbc:mysql://127.0.0.1:9/x', username: 'x', table: 'record' }
      const journal = (options = same) => new JournalTransform(options)
      const failover = () => new FailoverWritable({ storage: 'file', path: folder(), fallback: same })
      const message = 'journal/table must be another table than failover/fallback/table, got record for both'
      const closed = (stream: Writable): Promise<unknown> => once(stream.destroy(), 'close')
      const makers: Array<[first: () => Writable, second: () => Writable]> = [
        [journal, failover],
        [failover, journal]
      ]
      for (const [first, second] of makers) {
        const made = first()
        expect(second).to.throw(OptionsError, message)
        await closed(made)
        await closed(second())
      }
      const other = journal({ ...same, table: 'other' })
      await closed(failover())
      await closed(other)
    })
  })

  it('takes nothing before it is piped into an HttpWritable, and goes into nothing else', async () => {
    const alone = new JournalTransform({ storage: new MemoryStorage() })
    const failed = once(alone, 'error')
    const told = new Promise(resolve => alone.write('a', resolve))
    expect(await told).to.have.property('code', 'SPW_ERR_NO_READER')
    expect((await failed)[0]).to.have.property('code', 'SPW_ERR_NO_READER')
    const other = destroyed(new JournalTransform({ storage: new MemoryStorage() }))
    expect(() => other.pipe(new PassThrough())).to.throw(/must be piped into an HttpWritable/)
  })

  it('does not let more than the capacities wait when the endpoint stalls', async () => {
    const { journal, kept, sender } = line({
      journal: { queueCapacity: 200 },
      http: { queueCapacity: 100, numWriters: 4 }
    })
    let count = 0
    const source = new Readable({ objectMode: true, read: () => void source.push(count++) })
    source.pipe(journal)
    await until(() => sender.open.length === 4 && kept.underWay === 0)
    await paused(200)
    const { accepted } = journal.stats()
    expect(accepted).to.be.at.most(200 + 16 + 100 + 16 + 4)
    expect(kept.entries.length).to.equal(accepted)
    source.destroy()
  })

  it('stops the source while the storage has no room, and goes on when it has', async () => {
    const { journal, kept, sender } = line({ journal: { queueCapacity: 10 } })
    let isFull = true
    kept.beforeAppend = () => {
      if (isFull) throw storageFailure(true, 'SPW_ERR_STORAGE_FULL')
    }
    let told = 0
    while (journal.write('x', () => told++)) {}
    await paused(250)
    expect([told, sender.sent.length]).to.deep.equal([0, 0])
    expectLaw(journal.stats())
    isFull = false
    await until(() => sender.sent.length > 10)
    expect(told).to.equal(sender.sent.length)
  })

  it('is destroyed when the storage fails for good: nothing that it did not keep was acknowledged', async () => {
    const { journal, kept } = line()
    kept.beforeAppend = () => {
      throw storageFailure(false)
    }
    const failed = once(journal, 'error')
    const told = new Promise(resolve => journal.write('a', resolve))
    expect(await within(told, 'the callback')).to.be.instanceOf(StorageError)
    await within(failed, 'the error')
    await within(journal.settled(), 'the journal to be settled')
    expect(journal.stats()).to.include({ accepted: 1, abandoned: 1 })
  })

  it('errors the pipeline when a removal fails for good, and keeps the record', async () => {
    const { journal, http, kept, sender } = line()
    kept.beforeRemove = () => {
      throw storageFailure(false)
    }
    journal.write('a')
    await until(() => sender.open.length === 1)
    const failed = once(http, 'error')
    sender.okAll()
    expect((await within(failed, 'the error'))[0]).to.have.property('code', 'SPW_ERR_SETTLE')
    expect(kept.records).to.deep.equal(['"a"'])
  })

  it('repeats a removal that failed for a while also when it has ended', async () => {
    const { journal, http, failover, sender, kept } = line()
    journal.end('a')
    await until(() => sender.open.length === 1 && journal.closed)
    let failures = 0
    kept.beforeRemove = () => {
      if (failures++ < 2) throw storageFailure(true)
    }
    sender.okAll()
    await within(Promise.all([journal, http, failover].map(stream => stream.settled())), 'the streams to be settled')
    expect(kept.entries).to.deep.equal([])
    expect([http.errored, failures]).to.deep.equal([null, 3])
    expect(journal.stats()).to.include({ delivered: 1, abandoned: 0 })
  })

  it('gives up a removal that goes on failing when the streams behind it are destroyed after it has ended', async () => {
    const { journal, http, sender, kept } = line()
    journal.end('a')
    await until(() => sender.open.length === 1 && journal.closed)
    kept.beforeRemove = () => {
      throw storageFailure(true)
    }
    sender.okAll()
    await turns()
    http.destroy()
    await within(journal.settled(), 'the journal to be settled')
    expect(kept.entries).to.have.lengthOf(1)
  })

  it('abandons what the storage refuses when it is destroyed meanwhile, and says so', async () => {
    const { journal, kept } = line()
    let refuse = (): void => {}
    kept.beforeAppend = () =>
      new Promise((_, reject) => (refuse = () => reject(storageFailure(false, 'SPW_ERR_STORAGE_REFUSED'))))
    const told = new Promise(resolve => journal.write('a', resolve))
    await until(() => kept.underWay === 1)
    journal.destroy()
    refuse()
    expect(await within(told, 'the callback')).to.have.property('code', 'SPW_ERR_ABANDONED')
    expect(journal.stats()).to.include({ accepted: 1, abandoned: 1 })
    expectOver(journal.stats())
  })

  it('does no more than to settle what is written once it is destroyed, whatever its hook does', async () => {
    const { journal } = line()
    journal.destroy()
    const outcomes: string[] = []
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    const listeners = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', note)
    try {
      journal.write(
        new Delivery(['a']).onSettled(async outcome => {
          outcomes.push(outcome)
          throw new Error('a hook of the user')
        })
      )
      await paused(20)
    } finally {
      process.off('unhandledRejection', note)
      for (const listener of listeners) process.on('unhandledRejection', listener)
    }
    expect([outcomes, unhandled]).to.deep.equal([['abandoned'], []])
  })

  it('counts a durable write as such although it is destroyed meanwhile, and keeps it', async () => {
    const { journal, kept } = line()
    let go = (): void => {}
    kept.beforeAppend = () => new Promise(resolve => (go = resolve))
    const told = new Promise(resolve => journal.write('a', resolve))
    await until(() => kept.underWay === 1)
    journal.destroy()
    go()
    expect(await within(told, 'the callback')).to.equal(undefined)
    await within(journal.settled(), 'the journal to be settled')
    expect([journal.kept, kept.records]).to.deep.equal([1, ['"a"']])
    expectOver(journal.stats())
  })

  it('gives all that was left although new records fill its queue meanwhile', async () => {
    const kept = new MemoryStorage()
    await kept.append(Array.from({ length: 50 }, (_, i) => new Delivery([String(i)], { url: nowhere })))
    const http = { queueCapacity: 10, numWriters: 2 }
    const { journal, sender } = line({ kept, journal: { queueCapacity: 20 }, http })
    sender.script = () => undefined
    let count = 100
    while (journal.write(count)) count++
    journal.end()
    await within(journal.settled(), 'the journal to be settled')
    expect(journal.stats()).to.include({ delivered: 50 + count + 1 - 100 })
    expect(sender.sentRecords.slice(0, 50)).to.deep.equal(Array.from(Array(50).keys(), String))
  })

  it('stops giving what was left when the streams are drained: it stays where it is', async () => {
    const kept = new MemoryStorage()
    await kept.append(Array.from({ length: 500 }, (_, i) => new Delivery([String(i)], { url: nowhere })))
    const { journal, http, sender, stored } = line({ kept, http: { queueCapacity: 10, numWriters: 2 } })
    await until(() => sender.open.length === 2)
    http.drain(0)
    journal.end()
    await within(journal.settled(), 'the journal to be settled')
    expect(kept.entries.length).to.be.above(400)
    expect(kept.entries.length + stored.entries.length).to.equal(500)
    expect(kept.claims).to.equal(0)
    expectOver(journal.stats())
  })

  describe('that is drained while its storage takes nothing', () => {
    for (const [what, broken] of [
      ['opens', { open: () => Promise.reject(storageFailure(true)) }],
      ['appends', { beforeAppend: () => Promise.reject(storageFailure(true)) }]
    ] as const) {
      it(`P01 lets what waits be stored behind it, when it never ${what}`, async () => {
        const kept = Object.assign(new MemoryStorage(), broken)
        const { journal, http, failover, stored } = line({ kept })
        const told: Array<Error | null | undefined> = []
        for (const record of ['a', 'b']) journal.write(record, error => told.push(error))
        await paused(50)
        http.drain(0)
        journal.write('c', error => told.push(error))
        journal.end()
        await within(Promise.all([journal, failover].map(stream => stream.settled())), 'the end')
        expect(stored.records).to.deep.equal(['"a"', '"b"', '"c"'])
        expect(stored.entries.map(({ envelope }) => envelope.outcome)).to.deep.equal(Array(3).fill('shutdown'))
        expect(told).to.deep.equal([undefined, undefined, undefined])
        expect(journal.stats()).to.include({ accepted: 3, stored: 3, abandoned: 0 })
      })
    }

    it('P01 ends only when all of an append that fails has gone on', async () => {
      const kept = Object.assign(new MemoryStorage(), { beforeAppend: () => Promise.reject(storageFailure(true)) })
      const { journal, http, failover, stored } = line({ kept })
      for (const record of ['a', 'b', 'c']) journal.write(record)
      journal.end()
      await paused(50)
      http.drain(0)
      await within(Promise.all([journal, failover].map(stream => stream.settled())), 'the end')
      expect(stored.records).to.deep.equal(['"a"', '"b"', '"c"'])
      expect(journal.errored).to.equal(null)
      expect(journal.stats()).to.include({ accepted: 3, stored: 3, abandoned: 0 })
    })

    it('leaves in it what was left when it was drained before it began', async () => {
      const kept = new MemoryStorage()
      await kept.append([new Delivery(['"old"'], { url: nowhere })])
      const journal = destroyed(new JournalTransform({ storage: kept }))
      const { http, sender, stored } = line()
      http.drain(0)
      journal.pipe(http)
      journal.end()
      await within(journal.settled(), 'the end')
      expect([kept.records, sender.sent, stored.records]).to.deep.equal([['"old"'], [], []])
    })

    it('still forgets what it has kept, with patience', async () => {
      const { journal, http, sender, kept } = line()
      journal.write('a')
      await until(() => sender.open.length === 1)
      http.drain(10_000)
      let failures = 0
      kept.beforeRemove = () => {
        if (failures++ < 2) throw storageFailure(true)
      }
      sender.okAll()
      journal.end()
      await within(journal.settled(), 'the end')
      expect(kept.entries).to.deep.equal([])
      expect(journal.stats()).to.include({ delivered: 1 })
    })
  })

  it('P10 keeps what is not settled when a function of the user throws', async () => {
    const kept = new MemoryStorage()
    const journal = new JournalTransform({ storage: kept })
    const sender = new ManualSender()
    const http = new HttpWritable({ url: nowhere, wrapSender: sender.wrap })
    const source = new PassThrough({ objectMode: true })
    for (const record of [0, 1, 2, 3, 4]) source.write(record)
    const parse = new Transform({
      objectMode: true,
      transform(record, _encoding, callback) {
        callback(record === 5 ? new Error('of the user') : null, record)
      }
    })
    const end = pipeline(
      source,
      parse,
      journal,
      http,
      new RetryTransform(),
      new FailoverWritable({ storage: new MemoryStorage() })
    ).catch((error: Error) => error)
    await until(() => sender.open.length === 5)
    source.write(5)
    expect(await within(end, 'the pipeline').catch(() => undefined)).to.have.property('message', 'of the user')
    await within(journal.settled(), 'the journal to be settled')
    expect(kept.records).to.deep.equal(['0', '1', '2', '3', '4'])
    expect(journal.kept).to.equal(5)
    expectOver(journal.stats())
  })

  it('gives two of one process what each wrote, not what the other has under way', async () => {
    const path = folder()
    const first = line({ journal: { storage: 'file', path } })
    first.journal.write('a')
    await until(() => first.sender.open.length === 1)
    const second = line({ journal: { storage: 'file', path } })
    second.sender.script = () => undefined
    second.journal.end('b')
    await within(second.journal.settled(), 'the second to be settled')
    expect(second.sender.sentRecords).to.deep.equal(['"b"'])
  })

  describe('in a folder', () => {
    async function failureIn(path: string): Promise<StorageError> {
      const journal = new JournalTransform({ storage: 'file', path })
      const http = new HttpWritable({ url: nowhere })
      const end = pipeline(Readable.from(['a']), journal, http, new FailoverWritable({ storage: new MemoryStorage() }))
      const error: unknown = await within(end, 'the pipeline').catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(StorageError)
      await within(journal.settled(), 'the journal to be settled').catch(() => undefined)
      return error as StorageError
    }

    it('T01 fails at the start, and names it, when it is a file', async () => {
      const path = folder()
      await writeFile(path, 'mine')
      expect((await failureIn(path)).message).to.include(path)
      expect(await readFile(path, 'utf8')).to.equal('mine')
    })

    it('P14 T23 refuses what a later release wrote, and deletes nothing', async () => {
      const path = folder()
      const { journal, http, sender } = line({ journal: { storage: 'file', path } })
      journal.write('a')
      await until(() => sender.open.length === 1)
      http.destroy()
      journal.destroy()
      await within(journal.settled(), 'the journal to be settled')
      const name = (await readdir(path)).find(file => file.endsWith('.segment'))!
      const bytes = await readFile(join(path, name))
      const header = bytes.subarray(0, bytes.indexOf('\n') + 1)
      const json = header.toString('utf8', checked.head, header.length - 1).replace('"version":1', '"version":9')
      const later = Buffer.concat([lineOf(json, 0), bytes.subarray(header.length)])
      await writeFile(join(path, name), later)
      expect((await failureIn(path)).message).to.include(name)
      expect(await readFile(join(path, name))).to.deep.equal(later)
    })

    it('T23 leaves files that are not its own alone', async () => {
      const path = folder()
      await mkdir(path)
      await writeFile(join(path, 'notes.txt'), 'mine')
      const { journal, sender } = line({ journal: { storage: 'file', path } })
      sender.script = () => undefined
      journal.end('a')
      await within(journal.settled(), 'the journal to be settled')
      expect(await readFile(join(path, 'notes.txt'), 'utf8')).to.equal('mine')
    })

    it('T32 fails at the start where the file system cannot sync', async () => {
      const disk = new FaultyDisk(failing('syncFolder', 'EINVAL'))
      const { journal } = line({ journal: { storage: FileStorage.on(disk, { path: folder() }) } })
      const [error] = (await within(once(journal, 'error'), 'the error')) as [Error]
      expect(error.message).to.include('EINVAL')
    })

    it('T32 acknowledges and sends nothing where the file system cannot make a file durable', async () => {
      const path = folder()
      const disk = new FaultyDisk(failing('sync', 'EINVAL', { inPath: '.segment' }))
      const storage = FileStorage.on(disk, { path })
      const { journal, sender } = line({ journal: { storage } })
      const failed = once(journal, 'error')
      const told = new Promise(resolve => journal.write('a', resolve))
      expect(await within(told, 'the callback')).to.be.instanceOf(StorageError)
      const [error] = (await failed) as [Error]
      expect(error.message).to.include(path).and.to.include('its file system cannot make files durable')
      expect(sender.sent).to.deep.equal([])
      await storage.close()
    })

    it('T27 reads and sends what is there although the disk is full, and waits with what is new', async () => {
      const path = folder()
      const before = new FileStorage({ path })
      await before.append([new Delivery(['"old"'], { url: nowhere })])
      await before.close()
      const disk = new FaultyDisk(failing('write', 'ENOSPC', { inPath: '.segment' }))
      const storage = FileStorage.on(disk, { path })
      const { journal, sender } = line({ journal: { storage } })
      sender.script = () => undefined
      let isDurable = false
      journal.write('new', () => (isDurable = true))
      await until(() => sender.sent.length === 1)
      expect(sender.sentRecords).to.deep.equal(['"old"'])
      await paused(50)
      expect(isDurable).to.equal(false)
      disk.fault = () => {}
      await until(() => isDurable)
      journal.end()
      await within(journal.settled(), 'the journal to be settled')
      expect(await entriesIn(storage)).to.deep.equal([])
      await storage.close()
    })

    it('leaves no entry and no segment after a run without faults', async () => {
      const server = await serve(({ request, socket }) =>
        answer(Number(request.text) % 7 === 0 ? 400 : 200)({ request, socket })
      )
      const path = folder()
      const journal = new JournalTransform({ storage: 'file', path })
      const storage = new MemoryStorage()
      const http = new HttpWritable({ url: server.url })
      await within(
        pipeline(
          Readable.from(Array(700).keys()),
          journal,
          http,
          new RetryTransform(),
          new FailoverWritable({ storage })
        ),
        'the pipeline'
      )
      await within(journal.settled(), 'the journal to be settled')
      expect(journal.stats()).to.include({ accepted: 700, delivered: 600, stored: 100, attempts: 700 })
      expect(await entriesIn(new FileStorage({ path }))).to.deep.equal([])
      expect((await readdir(path)).filter(name => name.endsWith('.segment'))).to.deep.equal([])
    })
  })
})
