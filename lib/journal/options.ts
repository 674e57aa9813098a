import { queueSchema } from '../delivery/queue-schema.ts'
import { OptionsError } from '../errors.ts'
import { optionsParser } from '../options.ts'
import type { LastingStorageOptions } from '../storage/storage-options.ts'

/** What `JournalTransform` takes beside a storage. */
export interface JournalRules {
  /**
   * When a record counts as durable, and its `write()` calls back. `always`: after an fsync of its own, one after the other.
   * `group`: one fsync for all that wait. `interval`: once it is written, with an fsync every `interval` milliseconds: a crash
   * of the process loses nothing, a crash of the machine what was written since the last fsync. @default 'group'
   */
  sync?: 'always' | 'group' | 'interval'
  /** Milliseconds between two fsyncs with `sync: interval`: so much may be lost when the machine crashes. @default 1,000 with it */
  interval?: number
  /** Records that may wait to become durable, or to be taken. @default 10_000 */
  queueCapacity?: number
  /** Bytes of them. @default 67_108_864 (64 MiB) */
  queueBytes?: number
}

/** The options of `JournalTransform`: the section `journal`. Its storage must be in another place than those of the failover. */
export type JournalOptions = LastingStorageOptions & JournalRules

export const journalSchema = {
  type: 'object',
  properties: {
    storage: {},
    sync: { enum: ['always', 'group', 'interval'], default: 'group' },
    interval: { type: 'integer', minimum: 1, maximum: 2 ** 31 - 1, unit: 'ms' },
    ...queueSchema
  },
  // What else is there are the storage's own options, which its own schema checks.
  additionalProperties: true
} as const

const defaultInterval = 1_000

type Complete = JournalOptions & Required<Pick<JournalOptions, 'sync' | 'queueCapacity' | 'queueBytes'>>

const parseOptions = optionsParser<Complete>('journal', journalSchema)

/** The options, complete and read. */
export interface JournalSettings {
  readonly sync: 'always' | 'group' | 'interval'
  readonly interval: number
  readonly queueCapacity: number
  readonly queueBytes: number
  readonly storage: LastingStorageOptions
}

/** Throws `SPW_ERR_OPTIONS` for what is wrong, or contradicts. */
export function journalSettings(options: JournalOptions): JournalSettings {
  const { sync, interval, queueCapacity, queueBytes, ...storage } = parseOptions(options)
  if (interval !== undefined && sync !== 'interval') {
    throw new OptionsError(`journal/interval is for journal/sync: interval, which is ${sync}`)
  }
  return { sync, interval: interval ?? defaultInterval, queueCapacity, queueBytes, storage }
}
