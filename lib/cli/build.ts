import { OptionsError } from '../errors.ts'
import type { Config } from '../config/read-config.ts'
import { FailoverWritable } from '../failover-writable.ts'
import { HttpWritable } from '../http-writable.ts'
import { RetryTransform } from '../retry-transform.ts'
import { storageFrom } from '../storage/registry.ts'
import type { Storage } from '../storage/storage.ts'

/** The streams of a configuration, and the storage at their end. Nothing is open yet. */
export interface Streams {
  readonly http: HttpWritable
  readonly retry: RetryTransform
  readonly failover: FailoverWritable
  readonly storage: Storage
}

/** Throws `SPW_ERR_OPTIONS` with a line for each fault that the file's own schemas could not see. */
export function buildStreams({ place, http, retry, failover }: Config): Streams {
  const faults: string[] = []
  const made = <T>(make: () => T): T | undefined => {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof OptionsError)) throw error
      faults.push(`${place(pointerIn(error.message))} ${error.message}`)
      return undefined
    }
  }
  const storage = made(() => buildStorage(failover))
  const streams = {
    storage,
    http: made(() => new HttpWritable(http)),
    retry: made(() => new RetryTransform(retry)),
    failover: storage && made(() => new FailoverWritable({ ...streamOptions(failover), storage }))
  }
  if (faults.length === 0) return streams as Streams
  for (const stream of [streams.http, streams.retry, streams.failover]) stream?.destroy()
  throw new OptionsError(faults.join('\n'))
}

/** The option that a message begins with: `http/queueCapacity must be …`. */
function pointerIn(message: string): string {
  return `/${/^(?:http|retry|failover)(?:\/[\w.-]+)?/.exec(message)?.[0] ?? ''}`
}

/** The first storage of a section `failover`: the one that is replayed, listed, checked and purged. */
export function buildStorage({
  batchSize: _batchSize,
  eager: _eager,
  fallback: _fallback,
  ...own
}: Config['failover']): Storage {
  return storageFrom(own)
}

function streamOptions({ batchSize, eager, fallback }: Config['failover']): Pick<Config['failover'], 'batchSize'> {
  const options = { batchSize, eager, fallback }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
