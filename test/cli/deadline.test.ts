import { expect } from 'chai'
import type { Streams } from '../../lib/cli/build.ts'
import { Deadline } from '../../lib/cli/deadline.ts'
import { Delivery } from '../../lib/delivery.ts'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import { RetryTransform } from '../../lib/retry-transform.ts'
import { destroying } from '../support/cleaning.ts'
import { LoopLag } from '../support/loop-lag.ts'
import { hushStalls, MemoryStorage, storageFailure } from '../support/memory-storage.ts'
import { paused, until } from '../support/waiting.ts'

describe('Deadline', () => {
  hushStalls()
  const destroyed = destroying()

  function streamsInto(storage: MemoryStorage): Streams {
    const http = destroyed(new HttpWritable({ url: 'http://127.0.0.1:9/' }))
    const retry = destroyed(new RetryTransform({ retries: 0 }))
    const failover = destroyed(new FailoverWritable({ storage, batchSize: 1 }))
    for (const stream of [http, retry, failover]) stream.on('error', () => {})
    http.pipe(retry).pipe(failover)
    return { http, retry, failover, storage, journal: undefined }
  }

  const forEver = new Promise<never>(() => {})

  for (const [how, fail] of [
    ['never answers', () => forEver],
    [
      'fails again and again',
      () => {
        throw storageFailure(true)
      }
    ]
  ] as const) {
    it(`P01 waits no longer for a storage that ${how} than the drain time and half a second`, async () => {
      const storage = new MemoryStorage()
      storage.beforeAppend = fail
      const streams = streamsInto(storage)
      streams.http.write(1)
      await until(() => streams.http.stats().storing === 1)
      const deadline = new Deadline(streams, 'kept')
      const lag = new LoopLag()
      const start = performance.now()
      deadline.start(300)
      const error = await deadline.orLate(forEver)
      const took = performance.now() - start
      deadline.end()
      expect(error).to.have.property('code', 'SPW_ERR_ABANDONED')
      expect(took).to.be.at.least(300)
      expect(took - lag.end().total).to.be.below(300 + 500 + 300)
      expect(streams.failover.destroyed).to.equal(true)
    }).timeout(10_000)
  }

  it('waits longer for a slow storage where nothing else keeps what is left', async () => {
    const storage = new MemoryStorage()
    storage.beforeAppend = () => paused(2_000)
    const streams = streamsInto(storage)
    streams.http.end(1)
    const deadline = new Deadline(streams, 'lost')
    streams.http.drain(0)
    deadline.start(0)
    await deadline.orLate(streams.failover.settled())
    deadline.end()
    expect(streams.http.stats()).to.include({ stored: 1, abandoned: 0 })
  }).timeout(10_000)

  /** Streams that are drained into a storage which takes a record in 30 ms. */
  function drainedSlowly(): Streams {
    const storage = new MemoryStorage()
    storage.delay = 60
    const streams = streamsInto(storage)
    for (let i = 0; i < 40; i++) streams.http.write(new Delivery([String(i)], { url: 'http://127.0.0.1:9/' }))
    streams.http.end()
    streams.http.drain(0)
    return streams
  }

  it('waits for a storage that goes on storing, where nothing else keeps what is left', async () => {
    const streams = drainedSlowly()
    const deadline = new Deadline(streams, 'lost')
    deadline.start(0)
    await deadline.orLate(streams.failover.settled())
    deadline.end()
    expect(streams.http.stats()).to.include({ stored: 40, abandoned: 0 })
  }).timeout(10_000)

  it('P01 waits no longer than the drain time and half a second for a storage that goes on storing', async () => {
    const streams = drainedSlowly()
    const deadline = new Deadline(streams, 'kept')
    const lag = new LoopLag()
    const start = performance.now()
    deadline.start(100)
    await deadline.orLate(streams.failover.settled())
    const took = performance.now() - start
    deadline.end()
    expect(took).to.be.at.least(100)
    expect(took - lag.end().total).to.be.below(100 + 500 + 300)
    expect(streams.failover.destroyed).to.equal(true)
    expect(streams.http.stats().stored).to.be.within(1, 39)
  }).timeout(10_000)

  it('P02 waits after a second signal for a storage that goes on storing, as long as after the first', async () => {
    const streams = drainedSlowly()
    const deadline = new Deadline(streams, 'kept')
    deadline.start(5_000)
    deadline.start(0)
    await deadline.orLate(streams.failover.settled())
    deadline.end()
    expect(streams.http.stats()).to.include({ stored: 40, abandoned: 0 })
  }).timeout(10_000)
})
