import { pipeline } from 'node:stream/promises'
import type { Delivery } from '../../lib/delivery.ts'
import { StorageError } from '../../lib/errors.ts'
import { httpSink } from '../../lib/http-sink.ts'
import type { Entry, Storage } from '../../lib/storage/storage.ts'
import { source } from './ours.ts'
import type { Run } from './rig.ts'

export interface LossSettings {
  origin: string
  records: number
  /** Of the file storage. */
  path: string
  /** Records a second; without, as fast as they are taken. */
  pace?: number
  successCode?: number
  retries?: number
  /** Whether the first storage is a database that is not there. */
  deadStorage?: boolean
}

/** A database that does not answer. */
class DeadStorage implements Storage {
  open(): Promise<void> {
    return this.append([])
  }

  append(_deliveries: readonly Delivery[]): Promise<void> {
    return Promise.reject(
      new StorageError('SPW_ERR_STORAGE', 'connect ECONNREFUSED 127.0.0.1:3306', { retryable: true })
    )
  }

  async *read(): AsyncGenerator<Entry> {
    await this.open()
  }

  remove(): Promise<void> {
    return this.append([])
  }

  async close(): Promise<void> {}
}

/** Sends URLs as records, whose query becomes the body, as StreamPark's sink does. */
export async function lose(settings: LossSettings): Promise<Run> {
  const { origin, records, path, pace, successCode = 200, retries = 3, deadStorage = false } = settings
  const file = { storage: 'file', path } as const
  const sink = httpSink.post({
    http: { urlQuery: 'body', successCode },
    retry: { retries },
    failover: deadStorage ? { storage: new DeadStorage(), fallback: file } : file
  })
  const urls = source(records, id => `${origin}/sink?id=${id}&userId=user-${id % 997}&siteId=${id % 31}`)
  const start = performance.now()
  await pipeline(urls, paced(pace), sink)
  const { delivered, stored, abandoned } = sink.stats()
  return { records, ms: performance.now() - start, cpu: 0, delivered, stored, abandoned }
}

function paced(pace: number | undefined) {
  return async function* (urls: AsyncIterable<unknown>): AsyncGenerator<unknown> {
    const start = performance.now()
    let given = 0
    for await (const url of urls) {
      yield url
      given++
      const ahead = pace === undefined ? 0 : (given / pace) * 1_000 - (performance.now() - start)
      if (ahead > 10) await new Promise(resolve => setTimeout(resolve, ahead))
    }
  }
}
