import { expect } from 'chai'
import type { Streams } from '../../../lib/cli/build.ts'
import { closed } from '../../../lib/cli/commands/run.ts'
import { Deadline } from '../../../lib/cli/deadline.ts'
import { FailoverWritable } from '../../../lib/failover-writable.ts'
import { HttpWritable } from '../../../lib/http-writable.ts'
import { JournalTransform } from '../../../lib/journal-transform.ts'
import { RetryTransform } from '../../../lib/retry-transform.ts'
import type { Places } from '../../../lib/source/places.ts'
import { destroying } from '../../support/cleaning.ts'
import { MemoryStorage, storageFailure } from '../../support/memory-storage.ts'
import { until, within } from '../../support/waiting.ts'

describe('closed()', () => {
  const destroyed = destroying()

  function streamsInto(storage: MemoryStorage, journal = new MemoryStorage()): Streams {
    const http = destroyed(new HttpWritable({ url: 'http://127.0.0.1:9/' }))
    const retry = destroyed(new RetryTransform({ retries: 0 }))
    const failover = destroyed(new FailoverWritable({ storage }))
    const transform = destroyed(new JournalTransform({ storage: journal }))
    for (const stream of [transform, http, retry, failover]) stream.on('error', () => {})
    transform.pipe(http).pipe(retry).pipe(failover)
    return { http, retry, failover, storage, journal: { transform, storage: journal } }
  }

  /** Places that count how often they are closed. */
  function placesOf(): { places: Places; closings: () => number } {
    let count = 0
    return { places: { close: async () => void count++ } as unknown as Places, closings: () => count }
  }

  it('writes the places, and closes the journal, also where a storage never answers', async () => {
    const storage = new MemoryStorage()
    storage.beforeAppend = () => new Promise(() => {})
    const journal = new MemoryStorage()
    const streams = streamsInto(storage, journal)
    streams.journal!.transform.end(1)
    await until(() => storage.underWay === 1)
    const { places, closings } = placesOf()
    const deadline = new Deadline(streams, 'kept')
    deadline.start(0)
    const error = await within(closed(streams, deadline, places), 'the end')
    deadline.end()
    expect(error).to.have.property('code', 'SPW_ERR_ABANDONED')
    expect([closings(), journal.closed]).to.deep.equal([1, 1])
  })

  it('gives what could not be settled, and closes all', async () => {
    const journal = new MemoryStorage()
    const streams = streamsInto(new MemoryStorage(), journal)
    const { places, closings } = placesOf()
    streams.journal!.transform.settled = async () => {
      throw storageFailure(false)
    }
    for (const stream of [streams.http, streams.retry, streams.failover]) stream.destroy()
    const error = await within(closed(streams, new Deadline(streams, 'kept'), places), 'the end')
    expect(error).to.have.property('code', 'SPW_ERR_STORAGE')
    expect([closings(), journal.closed]).to.deep.equal([1, 1])
  })
})
