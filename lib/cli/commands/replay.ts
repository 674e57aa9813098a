import { pipeline } from 'node:stream/promises'
import type { Config } from '../../config/read-config.ts'
import { replay as replayOf } from '../../replay.ts'
import type { Filter } from '../../storage/filter.ts'
import type { Storage } from '../../storage/storage.ts'
import { buildStreams } from '../build.ts'
import { Deadline } from '../deadline.ts'
import { exitCode } from '../exit-code.ts'
import { failureOf } from '../failure-of.ts'
import { showProgress } from '../progress.ts'
import { tellRefusals } from '../refusals.ts'
import { reportOf, tellOfStoring } from '../report.ts'
import { printLine, tell } from '../standard-streams.ts'
import { buildStored } from '../stored.ts'
import { type Context, openStorage, tellFailure } from './context.ts'
import { closed, stopsFor } from './run.ts'

export interface ReplayFlags {
  readonly filter: Filter
  readonly limit?: number | undefined
  readonly rate?: number | undefined
  readonly dryRun: boolean
}

/** Sends again what is stored. Returns the exit code. */
export async function replay(config: Config, flags: ReplayFlags, context: Context): Promise<number> {
  return flags.dryRun ? count(config, flags, context) : resend(config, flags, context)
}

async function resend(
  config: Config,
  { filter, limit, rate }: ReplayFlags,
  { quiet, secrets }: Context
): Promise<number> {
  // What a fallback holds is replayed from there.
  const streams = buildStreams({ ...config, journal: undefined, failover: { ...config.failover, moveBack: false } })
  const { http, retry, failover } = streams
  let unread: Error | undefined
  // One of several that cannot be read must not end the sending of what the others hold.
  const storage = buildStored(config, { quiet, secrets }, error => (unread = error))
  if (!(await openStorage(storage, secrets))) return 5
  const source = replayOf({
    storage,
    filter,
    ...(limit === undefined ? {} : { limit }),
    ...(rate === undefined ? {} : { rate })
  })
  const deadline = new Deadline(streams, 'kept')
  const stopping = stopsFor(config, streams, deadline, () => source.stop())
  const started = performance.now()
  const progress = quiet
    ? undefined
    : showProgress(() => ({ stats: http.stats(), done: source.stats().given, total: undefined }))

  const sending = pipeline(source, http, retry, failover)
  tellRefusals(retry, secrets)
  const failure = await deadline.orLate(failureOf(sending))
  const read = source.settled().then(() => closeQuietly(storage))
  const closing = (await deadline.orLate(read)) ?? (await closed(streams, deadline))
  deadline.end()
  progress?.end()
  stopping.end()
  const failures = [failure, closing, unread].filter(error => error !== undefined)
  for (const error of new Set(failures)) tellFailure(error, secrets)
  const { signal } = stopping
  const stats = http.stats()
  const kept = stats.accepted - stats.delivered - stats.stored
  if (kept > 0) tell(`${kept} records stay in the storage: the next replay sends them`)
  tellOfStoring(stats, true)
  const code = exitCode({ stats, damaged: 0, signal, failed: failures.length > 0 })
  const { notDue } = source.stats()
  await printLine(JSON.stringify({ ...reportOf(stats, started, { damaged: 0, kept, signal, exitCode: code }), notDue }))
  return code
}

/** Says what a replay would send. Reads without a lock, and changes nothing. */
async function count(config: Config, { filter, limit = Infinity }: ReplayFlags, context: Context): Promise<number> {
  const storage = buildStored(config, context)
  const found = {
    deliveries: 0,
    records: 0,
    notDue: 0,
    byOutcome: {} as Record<string, number>,
    byCode: {} as Record<string, number>
  }
  try {
    for await (const { envelope } of storage.read({ filter: replayed(filter) })) {
      const { records, outcome, lastError, notBefore = 0 } = envelope
      if (notBefore > Date.now()) {
        found.notDue += records.length
        continue
      }
      if (found.deliveries === limit) break
      found.deliveries++
      found.records += records.length
      add(found.byOutcome, outcome, records.length)
      if (lastError !== undefined) add(found.byCode, lastError.code, records.length)
    }
  } catch (error) {
    tellFailure(error as Error, context.secrets)
    return 5
  } finally {
    await closeQuietly(storage)
  }
  await printLine(JSON.stringify({ dryRun: true, ...found }))
  return 0
}

/** Refused ones are sent again only when they are asked for. */
const replayed = (filter: Filter): Filter => ({ outcome: ['exhausted', 'ambiguous', 'shutdown'], ...filter })

function add(counts: Record<string, number>, name: string, records: number): void {
  counts[name] = (counts[name] ?? 0) + records
}

/** After reading there is nothing left that a failure could lose. */
export async function closeQuietly(storage: Storage): Promise<void> {
  await storage.close().catch(() => {})
}
