import type { Writable } from 'node:stream'
import { FailoverWritable } from '../failover-writable.ts'
import type { HttpSinkOptions } from '../http-sink.ts'
import { HttpWritable } from '../http-writable.ts'
import { JournalTransform } from '../journal-transform.ts'
import { RetryTransform } from '../retry-transform.ts'

/** What an `HttpSink` is made of. */
export interface Streams {
  readonly http: HttpWritable
  readonly retry: RetryTransform
  readonly failover: FailoverWritable
  /** In front, if there is one. */
  readonly journal: JournalTransform | undefined
}

/**
 * Makes all of them, or none. One listens to the signal, another may have opened its storage: when a later one cannot be made they
 * must not stay. Throws `SPW_ERR_OPTIONS`.
 */
export function makeStreams({ http, retry, failover, journal }: HttpSinkOptions): Streams {
  const made: Writable[] = []
  const kept = <T extends Writable>(stream: T): T => {
    made.push(stream)
    return stream
  }
  try {
    return {
      http: kept(new HttpWritable(http)),
      retry: kept(new RetryTransform(retry)),
      failover: kept(new FailoverWritable(failover)),
      journal: journal && kept(new JournalTransform(journal))
    }
  } catch (error) {
    for (const stream of made) stream.on('error', () => {}).destroy()
    throw error
  }
}
