import { OptionsError } from '../errors.ts'
import type { Config } from '../config/read-config.ts'
import { FailoverWritable } from '../failover-writable.ts'
import { HttpWritable } from '../http-writable.ts'
import { journalStorage } from '../journal/journal-storage.ts'
import { type JournalOptions, journalSettings } from '../journal/options.ts'
import { JournalTransform } from '../journal-transform.ts'
import { RetryTransform } from '../retry-transform.ts'
import { storageFrom } from '../storage/registry.ts'
import { refuseSharedFallback, refuseSharedJournal } from '../storage/shared-place.ts'
import type { Storage } from '../storage/storage.ts'

/** The streams of a configuration, and the storage at their end. Nothing is open yet. */
export interface Streams {
  readonly http: HttpWritable
  readonly retry: RetryTransform
  readonly failover: FailoverWritable
  readonly storage: Storage
  /** In front, if there is one, and its own storage. */
  readonly journal: { readonly transform: JournalTransform; readonly storage: Storage } | undefined
}

/** Throws `SPW_ERR_OPTIONS` with a line for each fault that the file's own schemas could not see. */
export function buildStreams({ fault, http, retry, failover, journal }: Config): Streams {
  const faults: string[] = []
  const made = <T>(make: () => T): T | undefined => {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof OptionsError)) throw error
      faults.push(fault(error.message))
      return undefined
    }
  }
  const [storage] = made(() => storagesOf(failover)) ?? []
  const streams = {
    storage,
    journal: journal && made(() => buildJournal(journal, failover)),
    http: made(() => new HttpWritable(http)),
    retry: made(() => new RetryTransform(retry)),
    failover: storage && made(() => new FailoverWritable({ ...streamOptions(failover), storage }))
  }
  if (faults.length === 0) return streams as Streams
  const { http: sender, retry: retries, failover: last, journal: first } = streams
  for (const stream of [first?.transform, sender, retries, last]) stream?.on('error', () => {}).destroy()
  throw new OptionsError(faults.join('\n'))
}

function buildJournal(options: JournalOptions, failover: Config['failover']): NonNullable<Streams['journal']> {
  refuseSharedJournal(options, failover)
  const { storage: own, ...rest } = journalSettings(options)
  const storage = journalStorage(own)
  const { sync, queueCapacity, queueBytes } = rest
  const interval = sync === 'interval' ? { interval: rest.interval } : {}
  return { storage, transform: new JournalTransform({ storage, sync, queueCapacity, queueBytes, ...interval }) }
}

/** The storages of a configuration, the first and its fallbacks: what is replayed, listed, checked and purged. */
export function buildStorages({ failover, fault }: Config): Storage[] {
  try {
    return storagesOf(failover)
  } catch (error) {
    throw error instanceof OptionsError ? new OptionsError(fault(error.message)) : error
  }
}

function storagesOf(failover: Config['failover']): Storage[] {
  refuseSharedFallback(failover)
  return chained(failover)
}

function chained({
  batchSize: _batchSize,
  eager: _eager,
  moveBack: _moveBack,
  fallback,
  ...own
}: Config['failover']): Storage[] {
  const rest = fallback === undefined ? [] : chained(fallback)
  return [storageFrom(own), ...rest]
}

function streamOptions({ batchSize, fallback, moveBack }: Config['failover']): Pick<Config['failover'], 'batchSize'> {
  // Each command opens the storages by itself, and a fallback that cannot be opened is no reason to stop.
  const options = { batchSize, fallback, moveBack }
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
