import { once } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect } from 'chai'
import { restore, useFakeTimers } from 'sinon'
import { Delivery } from '../lib/delivery.ts'
import type { Outcome } from '../lib/delivery/settlement.ts'
import { OptionsError } from '../lib/errors.ts'
import { type HttpOptions, HttpWritable } from '../lib/http-writable.ts'
import { type RetryOptions, RetryTransform } from '../lib/retry-transform.ts'
import { destroying } from './support/cleaning.ts'
import { expectLaw, expectOver } from './support/law.ts'
import { answered, ManualSender } from './support/manual-sender.ts'
import { paused, turns, until, within } from './support/waiting.ts'

const nowhere = 'http://127.0.0.1:9/'
const destroyed = destroying()

/** Takes what is given up on, and keeps it. */
class Kept extends Writable {
  readonly deliveries: Delivery[] = []

  constructor() {
    super({ objectMode: true })
  }

  override _write(delivery: Delivery, _encoding: BufferEncoding, callback: () => void): void {
    this.deliveries.push(delivery)
    callback()
  }

  get records(): string[] {
    return this.deliveries.map(({ records }) => records.join())
  }
}

interface Line {
  readonly http: HttpWritable
  readonly retry: RetryTransform
  readonly kept: Kept
  readonly sender: ManualSender
}

function line(retryOptions: RetryOptions = {}, httpOptions: HttpOptions = {}): Line {
  const sender = new ManualSender()
  const http = destroyed(new HttpWritable({ url: nowhere, wrapSender: sender.wrap, ...httpOptions }))
  const retry = destroyed(new RetryTransform({ minDelay: 1, maxDelay: 1, ...retryOptions }))
  const kept = new Kept()
  for (const stream of [http, retry]) stream.on('error', () => {})
  http.pipe(retry).pipe(kept)
  return { http, retry, kept, sender }
}

async function over({ http, retry, kept }: Line): Promise<void> {
  http.end()
  if (!kept.writableFinished) await within(once(kept, 'finish'), 'the line to finish')
  await within(Promise.all([http.settled(), retry.settled()]), 'the streams to be settled')
}

function destroy({ http, retry }: Line): void {
  http.destroy()
  retry.destroy()
}

/** Attempts of each record, by its text. */
function attemptsOf({ sender }: Line): Record<string, number> {
  const attempts: Record<string, number> = {}
  for (const record of sender.sentRecords as string[]) attempts[record] = (attempts[record] ?? 0) + 1
  return attempts
}

// A busy computer may let more time pass than a retry waits for.
const fakeClock = (): ReturnType<typeof useFakeTimers> =>
  useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })

describe('RetryTransform with the option', () => {
  afterEach(restore)

  for (const retries of [0, 1, 3]) {
    it(`retries ${retries} makes so many attempts after the first`, async () => {
      const all = line({ retries })
      all.sender.script = () => answered(503)
      all.http.write('a')
      await over(all)
      expect(all.sender.sent).to.have.length(1 + retries)
      expect(all.kept.deliveries[0]).to.include({ attempts: 1 + retries })
      expect(all.retry.stats()).to.include({ attempts: 1 + retries, retries })
    })
  }

  it('minDelay waits before the first retry', async () => {
    const [short, long] = [line({ minDelay: 1, maxDelay: 60_000 }), line({ minDelay: 60_000, maxDelay: 60_000 })]
    for (const { sender, http } of [short, long]) {
      sender.script = (_, attempt) => (attempt === 1 ? answered(503) : undefined)
      http.write('a')
    }
    // Longer than the longest that the default would wait.
    await paused(550)
    expect([short.sender.sent.length, long.sender.sent.length]).to.deep.equal([2, 1])
    destroy(short)
    destroy(long)
  })

  it('maxDelay limits what the delay grows to', async () => {
    const clock = fakeClock()
    const all = line({ retries: 9, minDelay: 20, maxDelay: 20 })
    all.sender.script = () => answered(503)
    all.http.write('a')
    for (let attempts = 1; attempts <= 10; attempts++) {
      await turns()
      expect(all.sender.sent).to.have.length(attempts)
      clock.tick(20)
    }
    await over(all)
  })

  it('maxDelay below the default of minDelay counts for both', async () => {
    const clock = fakeClock()
    const all = line({ minDelay: undefined, maxDelay: 20 })
    all.sender.script = (_, attempt) => (attempt === 1 ? answered(503) : undefined)
    all.http.write('a')
    await turns()
    clock.tick(20)
    await over(all)
    expect(all.http.stats()).to.include({ delivered: 1, retries: 1 })
  })

  it('minDelay above the default of maxDelay counts for both', async () => {
    const clock = fakeClock()
    const all = line({ minDelay: 400_000, maxDelay: undefined })
    all.sender.script = (_, attempt) => (attempt === 1 ? answered(503) : undefined)
    all.http.write('a')
    await turns()
    // A quarter is the least that is waited.
    clock.tick(99_999)
    await turns()
    expect(all.sender.sent).to.have.length(1)
    clock.tick(300_001)
    await over(all)
    expect(all.http.stats()).to.include({ delivered: 1, retries: 1 })
  })

  it('maxElapsed begins no attempt later than that after the first failure', async () => {
    const clock = fakeClock()
    const all = line({ retries: 1_000, minDelay: 10, maxDelay: 10, maxElapsed: 60 })
    const begun: number[] = []
    all.sender.script = () => (begun.push(performance.now()), answered(503))
    all.http.write('a')
    for (let time = 0; time < 200; time++) {
      await turns()
      clock.tick(1)
    }
    await over(all)
    expect(begun.at(-1)! - begun[0]!).to.be.at.most(60)
    expect(begun.length).to.be.within(2, 30)
    expect(all.kept.deliveries[0]!.error).to.include({ status: 503 })
  })

  it('queueCapacity holds back the source when so many records wait', async () => {
    const all = line({ queueCapacity: 4, minDelay: 60_000, maxDelay: 60_000 }, { numWriters: 1, queueCapacity: 100 })
    all.sender.script = () => answered(503)
    for (let i = 0; i < 100; i++) all.http.write(i)
    await turns(50)
    // What waits, what stands in Node's buffer behind it, and what the stream before it has on its way out.
    expect(all.sender.sent.length).to.be.within(4, 4 + 16 + 2)
    expect(all.retry.writableHighWaterMark).to.equal(4)
    expect(all.retry.writableLength).to.be.at.least(4)
    destroy(all)
  })

  it('queueCapacity counts records, not deliveries', async () => {
    const all = line(
      { queueCapacity: 40, minDelay: 60_000, maxDelay: 60_000 },
      { numWriters: 1, batchSize: 20, queueCapacity: 1_000 }
    )
    all.sender.script = () => answered(503)
    for (let i = 0; i < 1_000; i++) all.http.write(i)
    await turns(50)
    expect(all.sender.sent.length).to.be.within(2, 2 + 16 + 2)
    destroy(all)
  })

  it('queueBytes holds back the source when so many bytes wait', async () => {
    const all = line({ queueBytes: 4_000, minDelay: 60_000, maxDelay: 60_000 }, { numWriters: 1, queueCapacity: 1_000 })
    all.sender.script = () => answered(503)
    for (let i = 0; i < 100; i++) all.http.write('x'.repeat(998))
    await turns(50)
    expect(all.sender.sent.length).to.be.within(4, 4 + 16 + 2)
    destroy(all)
  })

  it('of no known name is refused', () => {
    expect(() => new RetryTransform({ retires: 3 } as never)).to.throw(
      OptionsError,
      'retry has no option "retires", did you mean "retries"?'
    )
  })

  for (const [options, message] of [
    [{ retries: -1 }, 'retry/retries must be >= 0, got -1'],
    [{ minDelay: 0 }, 'retry/minDelay must be >= 1, got 0'],
    [{ maxDelay: 2 ** 31 }, 'retry/maxDelay must be <= 2147483647'],
    [{ minDelay: 51, maxDelay: 50 }, 'retry/minDelay must be at most retry/maxDelay, 50, got 51'],
    [{ maxElapsed: '1s' }, 'retry/maxElapsed must be integer, got "1s"'],
    [{ queueCapacity: 0 }, 'retry/queueCapacity must be >= 1, got 0'],
    [{ queueBytes: 0 }, 'retry/queueBytes must be >= 1, got 0']
  ] as const) {
    it(`of a wrong value is refused: ${message}`, () => {
      expect(() => new RetryTransform(options as RetryOptions)).to.throw(OptionsError, message)
    })
  }
})

describe('RetryTransform', () => {
  afterEach(restore)

  it('delivers by a later attempt with the same key and the same body', async () => {
    const all = line()
    all.sender.script = (_, attempt) => (attempt < 3 ? answered(503) : undefined)
    all.http.write({ a: 1 })
    await over(all)
    expect(new Set(all.sender.sent.map(({ id }) => id)).size).to.equal(1)
    expect(new Set(all.sender.sent.map(({ body }) => body)).size).to.equal(1)
    expect(all.http.stats()).to.include({ delivered: 1, attempts: 3, retries: 2 })
    expect(all.kept.deliveries).to.deep.equal([])
  })

  for (const [status, attempts] of [
    [400, 1],
    [409, 1],
    [404, 2],
    [401, 3],
    [403, 3],
    [503, 4]
  ] as const) {
    it(`makes ${attempts} attempts of what is answered ${status}`, async () => {
      const all = line()
      all.sender.script = () => answered(status)
      all.http.write('a')
      await over(all)
      expect(all.sender.sent).to.have.length(attempts)
      expect(all.kept.deliveries[0]!.error?.outcome).to.equal(attempts === 1 ? 'refused' : 'exhausted')
    })
  }

  it('lets through what at-most-once forbids to send again', async () => {
    const all = line({}, { timeout: 30, semantics: 'at-most-once' })
    all.http.write('a')
    await over(all)
    expect(all.sender.sent).to.have.length(1)
    expect(all.kept.deliveries[0]!.error).to.include({ code: 'SPW_ERR_TIMEOUT', outcome: 'ambiguous' })
  })

  it('waits for what is under way and for what is scheduled before it finishes', async () => {
    const clock = fakeClock()
    const all = line({ minDelay: 30, maxDelay: 30 })
    all.http.write('a')
    await turns()
    all.sender.open[0]!.fail(answered(503))
    all.http.end()
    await turns()
    expect(all.http.stats()).to.include({ retrying: 1, inFlight: 0 })
    clock.tick(30)
    await until(() => all.sender.open.length === 1)
    expect(all.http.stats()).to.include({ retrying: 0, inFlight: 1 })
    all.sender.okAll()
    await over(all)
    expectOver(all.http.stats())
  })

  it('tells the same account as the stream before it', async () => {
    const all = line({ retries: 1 })
    all.sender.script = ({ records }) => (records[0] === '0' ? answered(503) : undefined)
    for (let i = 0; i < 5; i++) all.http.write(i)
    await over(all)
    expect(all.retry.stats()).to.deep.equal(all.http.stats())
    expect(all.http.stats()).to.include({ accepted: 5, delivered: 4, handedBack: 1 })
  })

  it('counts its own when it is fed by several', async () => {
    const retry = new RetryTransform({ retries: 0 })
    const kept = new Kept()
    retry.pipe(kept)
    for (const name of ['a', 'b']) {
      const sender = new ManualSender()
      sender.script = () => answered(503)
      const http = new HttpWritable({ url: nowhere, wrapSender: sender.wrap })
      http.pipe(retry, { end: false })
      http.write(name)
      http.end()
      await http.settled()
    }
    retry.end()
    await retry.settled()
    expect(retry.stats()).to.include({ accepted: 2, handedBack: 2, retrying: 0 })
  })

  it('gives up at a drain only what came from the stream that drains', async () => {
    const retry = new RetryTransform({ minDelay: 30, maxDelay: 30 })
    const kept = new Kept()
    retry.pipe(kept)
    const [one, other] = ['a', 'b'].map(name => {
      const sender = new ManualSender()
      sender.script = (_, attempt) => (attempt === 1 ? answered(503) : undefined)
      const http = new HttpWritable({ url: nowhere, wrapSender: sender.wrap })
      http.pipe(retry, { end: false })
      http.end(name)
      return http
    }) as [HttpWritable, HttpWritable]
    await until(() => one.stats().retrying === 1 && other.stats().retrying === 1)
    one.drain(0)
    await until(() => kept.deliveries.length === 1)
    await until(() => other.stats().delivered === 1)
    expect(kept.records).to.deep.equal(['"a"'])
    retry.end()
    await within(retry.settled(), 'the stream to be settled')
  })

  it('counts as abandoned what it had when it is destroyed, in its own account too', async () => {
    const retry = new RetryTransform({ retries: 0 })
    retry.on('error', () => {})
    const given = [new Delivery(['1', '2']), new Delivery(['3'])]
    const outcomes: Outcome[] = []
    for (const delivery of given) retry.write(delivery.onSettled(outcome => void outcomes.push(outcome)))
    retry.destroy()
    await within(retry.settled(), 'the stream to be settled')
    expect(outcomes).to.deep.equal(['abandoned', 'abandoned'])
    expect(retry.stats()).to.include({ accepted: 3, retrying: 0, abandoned: 3, handedBack: 0 })
  })

  it('lets through a delivery that has no endpoint', async () => {
    const retry = new RetryTransform()
    const kept = new Kept()
    retry.pipe(kept)
    retry.write(new Delivery(['1']).failed(answered(503)))
    retry.end()
    await retry.settled()
    expect(kept.records).to.deep.equal(['1'])
  })

  it('takes what end() is given', async () => {
    const retry = new RetryTransform()
    const kept = new Kept()
    retry.pipe(kept)
    retry.end(new Delivery(['1']).failed(answered(503)))
    await within(retry.settled(), 'the stream to be settled')
    expect(kept.records).to.deep.equal(['1'])
    expect(retry.stats()).to.include({ accepted: 1, retrying: 0, handedBack: 1 })
  })

  for (const record of ['a record', undefined]) {
    it(`fails on what is no delivery, and calls back once: ${record}`, async () => {
      const retry = new RetryTransform()
      const failure = once(retry, 'error')
      const told: unknown[] = []
      retry.write(record, error => told.push(error))
      const [error] = (await within(failure, 'an error')) as [Error]
      expect(error).to.be.instanceOf(TypeError)
      await within(retry.settled(), 'the stream to be settled')
      expect(told).to.deep.equal([error])
    })
  }

  it('settles as abandoned, and holds as its own, what is written once it is destroyed', async () => {
    const all = line()
    const outcomes: Outcome[] = []
    all.retry.destroy()
    const delivery = new Delivery(['1']).onSettled(outcome => void outcomes.push(outcome))
    all.retry.write(delivery)
    await turns()
    expect(outcomes).to.deep.equal(['abandoned'])
    destroy(all)
  })

  for (const [name, options] of [
    ['records', { queueCapacity: 10 }],
    ['bytes', { queueBytes: 20 }]
  ] as const) {
    it(`is destroyed when nobody reads and it is full of ${name}, though it retries first`, async () => {
      const sender = new ManualSender()
      sender.script = () => answered(503)
      const http = new HttpWritable({ url: nowhere, wrapSender: sender.wrap })
      const retry = new RetryTransform({ retries: 1, minDelay: 1, maxDelay: 1, ...options })
      const failure = once(retry, 'error')
      const piped = pipeline(Readable.from(Array(1_000).keys()), http, retry).catch((error: unknown) => error)
      const [error] = (await within(failure, 'an error')) as [Error]
      expect(error).to.include({ code: 'SPW_ERR_NO_READER' })
      expect(error.cause).to.include({ status: 503 })
      expect(await piped).to.equal(error)
      await Promise.all([http.settled(), retry.settled()])
      expectOver(http.stats())
    })
  }

  it('is destroyed when nobody reads until the end', async () => {
    const sender = new ManualSender()
    sender.script = () => answered(400)
    const http = new HttpWritable({ url: nowhere, wrapSender: sender.wrap })
    const retry = new RetryTransform()
    const failure = once(retry, 'error')
    http.pipe(retry)
    http.end('a')
    expect((await within(failure, 'an error'))[0]).to.include({ code: 'SPW_ERR_NO_READER' })
    await retry.settled()
    expectOver(http.stats())
  })

  it('takes nothing beyond twice its capacity and says so to the callback', async () => {
    const retry = new RetryTransform({ queueCapacity: 20 })
    retry.on('error', () => {})
    const errors: unknown[] = []
    for (let i = 0; i < 200; i++)
      retry.write(new Delivery([String(i)]), undefined, (error: unknown) => error && errors.push(error))
    expect(retry.stats().accepted).to.be.within(40, 60)
    await turns()
    expect(errors.filter(error => (error as { code?: string }).code === 'SPW_ERR_OVERFLOW')).to.have.length(
      200 - retry.stats().accepted
    )
    retry.destroy()
  })

  it('calls the callback of the write that it holds with an error when it is destroyed', async () => {
    const sender = new ManualSender()
    sender.script = () => answered(503)
    const http = new HttpWritable({ url: nowhere, wrapSender: sender.wrap })
    const retry = new RetryTransform({ queueCapacity: 1, minDelay: 60_000, maxDelay: 60_000 })
    const failed: Delivery[] = []
    http.on('data', (delivery: Delivery) => failed.push(delivery))
    for (let i = 0; i < 3; i++) http.write(i)
    await until(() => failed.length === 3)
    const called: unknown[] = []
    for (const delivery of failed) retry.write(delivery, undefined, (error: unknown) => called.push(error))
    retry.destroy()
    http.destroy()
    await within(retry.settled(), 'the stream to be settled')
    await turns()
    expect(called).to.have.length(3)
    for (const error of called) expect(error).to.be.an('error')
  })
})

describe('RetryTransform and what is too large', () => {
  const tooLarge = ({ records }: Delivery): unknown =>
    records.length > 1 ? answered(413, {}, records.length) : undefined
  const batches: HttpOptions = { batchSize: 8, batchDelay: 0 }

  for (const status of [413, 400, 422]) {
    it(`splits on ${status} down to the one record that is refused`, async () => {
      const all = line({ retries: 0 }, { batchSize: 8, batchDelay: 5 })
      all.sender.script = ({ records }) => (records.includes('5') ? answered(status, {}, records.length) : undefined)
      for (let i = 0; i < 8; i++) all.http.write(i)
      await over(all)
      expect(all.kept.records).to.deep.equal(['5'])
      expect(all.kept.deliveries[0]!.error).to.include({ status, outcome: 'refused', splittable: false })
      expect(all.http.stats()).to.include({ accepted: 8, delivered: 7, handedBack: 1 })
    })
  }

  it('gives the halves keys of their own', async () => {
    const all = line({}, { batchSize: 4, batchDelay: 5 })
    all.sender.script = tooLarge
    for (let i = 0; i < 4; i++) all.http.write(i)
    await over(all)
    const [whole] = all.sender.sent
    const keys = all.sender.sent.map(({ id }) => id.slice(whole!.id.length))
    expect(keys).to.have.members(['', '.0', '.1', '.0.0', '.0.1', '.1.0', '.1.1'])
    const [first] = all.sender.sent.filter(({ id }) => id.endsWith('.0.0'))
    expect(first!.records).to.deep.equal(['0'])
  })

  it('does not count a split in `retries`', async () => {
    const all = line({ retries: 2 }, { batchSize: 8, batchDelay: 5 })
    all.sender.script = delivery => tooLarge(delivery) ?? (delivery.records[0] === '3' ? answered(503) : undefined)
    for (let i = 0; i < 8; i++) all.http.write(i)
    await over(all)
    expect(attemptsOf(all)['3']).to.equal(3)
    expect(all.kept.records).to.deep.equal(['3'])
    expect(all.http.stats()).to.include({ delivered: 7 })
  })

  it('splits without a delay', async () => {
    const all = line({ minDelay: 60_000, maxDelay: 60_000 }, { batchSize: 8, batchDelay: 5 })
    all.sender.script = tooLarge
    for (let i = 0; i < 8; i++) all.http.write(i)
    await over(all)
    expect(all.http.stats()).to.include({ delivered: 8 })
  })

  it('splits what was retried before', async () => {
    const all = line({}, { batchSize: 2, batchDelay: 5 })
    all.sender.script = (delivery, attempt) => (attempt === 1 ? answered(503) : tooLarge(delivery))
    for (let i = 0; i < 2; i++) all.http.write(i)
    await over(all)
    expect(all.http.stats()).to.include({ delivered: 2, attempts: 4 })
  })

  it('keeps the account while parts go different ways', async () => {
    const all = line({ retries: 1 }, batches)
    all.sender.script = delivery =>
      tooLarge(delivery) ?? (Number(delivery.records[0]) % 3 === 0 ? answered(503) : undefined)
    const watch = setInterval(() => expectLaw(all.http.stats()), 1)
    for (let i = 0; i < 64; i++) all.http.write(i)
    await over(all)
    clearInterval(watch)
    expectOver(all.http.stats())
    expect(all.http.stats()).to.include({ accepted: 64, delivered: 42, handedBack: 22 })
  })

  it('settles each member by the outcome of the part that it went in', async () => {
    const all = line({ retries: 0 }, { batchSize: 4, batchDelay: 5 })
    all.sender.script = ({ records }) => (records.includes('2') ? answered(400, {}, records.length) : undefined)
    const outcomes: Record<string, Outcome> = {}
    for (const records of [['0', '1'], ['2'], ['3']]) {
      all.http.write(new Delivery(records).onSettled(outcome => void (outcomes[records.join()] = outcome)))
    }
    all.http.end()
    await until(() => all.kept.deliveries.length === 1)
    expect(outcomes).to.deep.equal({ '0,1': 'delivered', '3': 'delivered' })
    await all.kept.deliveries[0]!.settle('stored')
    expect(outcomes).to.deep.equal({ '0,1': 'delivered', '2': 'stored', '3': 'delivered' })
    await over(all)
  })

  it('hands the whole on with its error where nobody splits', async () => {
    const sender = new ManualSender()
    sender.script = tooLarge
    const http = new HttpWritable({ url: nowhere, wrapSender: sender.wrap, batchSize: 4 })
    const kept = new Kept()
    http.pipe(kept)
    for (let i = 0; i < 4; i++) http.write(i)
    http.end()
    await http.settled()
    expect(kept.records).to.deep.equal(['0,1,2,3'])
    expect(kept.deliveries[0]!.error).to.include({ status: 413, outcome: 'refused' })
  })
})

describe('RetryTransform and Retry-After', () => {
  it('E77 holds first attempts and retries of that endpoint, and of no other', async () => {
    const all = line({}, { url: undefined as never })
    const [held, free] = ['http://held/', 'http://free/']
    all.sender.script = ({ request }, attempt) =>
      request.url === held && attempt === 1 ? answered(503, { 'retry-after': '1' }) : undefined
    all.http.write(held)
    await turns()
    const start = performance.now()
    for (const url of [held, free, held]) all.http.write(url)
    await until(() => all.sender.sent.length === 2)
    expect(performance.now() - start).to.be.below(500)
    expect(all.sender.sent[1]!.request.url).to.equal(free)
    await over(all)
    expect(performance.now() - start).to.be.within(950, 4_000)
    expect(all.http.stats()).to.include({ delivered: 4 })
  })

  it('E80 stores what is to be held for longer than maxRetryAfter, with the time', async () => {
    const all = line({}, { maxRetryAfter: 50 })
    all.sender.script = () => answered(503, { 'retry-after': '999999' })
    all.http.write('a')
    await over(all)
    expect(all.sender.sent).to.have.length(1)
    expect(all.kept.deliveries[0]!.error!.notBefore).to.be.greaterThan(Date.now() + 900_000_000)
  })

  it('E80 holds for the longest time without a timer that overflows', async () => {
    const warnings: Error[] = []
    const listen = (warning: Error): void => void warnings.push(warning)
    process.on('warning', listen)
    const all = line({}, { maxRetryAfter: 2 ** 31 - 1 })
    all.sender.script = () => answered(503, { 'retry-after': '2147483' })
    all.http.write('a')
    await paused(20)
    destroy(all)
    await turns()
    process.off('warning', listen)
    expect(warnings.map(({ name }) => name)).to.not.include('TimeoutOverflowWarning')
  })
})
