import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as paused } from 'node:timers/promises'
import type { Config } from '../../config/read-config.ts'
import type { Secrets } from '../../config/secrets.ts'
import { OptionsError } from '../../errors.ts'
import { parsedUrl } from '../../http/target.ts'
import { inputFiles } from '../../source/input-files.ts'
import { InputSource } from '../../source/input-source.ts'
import { Places } from '../../source/places.ts'
import type { Storage } from '../../storage/storage.ts'
import { buildStreams, type Streams } from '../build.ts'
import { DamagedLines } from '../damaged-lines.ts'
import { Deadline } from '../deadline.ts'
import { exitCode } from '../exit-code.ts'
import { failureOf } from '../failure-of.ts'
import { showProgress } from '../progress.ts'
import { tellRefusals } from '../refusals.ts'
import { reportOf, tellOfStoring } from '../report.ts'
import { printLine, tell } from '../standard-streams.ts'
import { Stopping } from '../stopping.ts'
import { type Context, openFirst, openStorage, tellFailure } from './context.ts'

export interface RunFlags {
  /** Whether it was asked for that nothing is kept. */
  readonly noJournal: boolean
  /** Whether files are read from their beginning, whatever an earlier run settled. */
  readonly anew: boolean
}

// Milliseconds for what is settled to be written when there is no time left.
const lastTime = 50

const withoutJournal =
  'without a journal: when this process dies, what was read and is neither delivered nor stored is lost, and a file is sent again from its beginning'

/** Delivers the records of an input. Returns the exit code. */
export async function run(config: Config, { noJournal, anew }: RunFlags, { quiet, secrets }: Context): Promise<number> {
  const { source: options, http: httpOptions } = config
  if (options.input === undefined) {
    // StreamPark's form has no place for one.
    const inFile = config.isStreamPark ? '' : ' (or source/input in the file)'
    throw new OptionsError(`there is no input: give --input FILE, a folder, or - for standard input${inFile}`)
  }
  const files = await inputFiles(options.input)
  const streams = buildStreams(config)
  if (noJournal && !quiet) tell(withoutJournal)
  const { http, retry, failover, journal } = streams
  const transform = journal?.transform
  if (!(await openFirst(streams.storage, config, secrets)) || !(await openJournal(journal?.storage, secrets))) return 5
  const places = placesFor(config, anew, quiet)
  const damaged = new DamagedLines(failover, httpOptions)
  const source = new InputSource({
    files,
    format: options.format,
    parsed: needsValues(config),
    maxLineBytes: options.maxLineBytes,
    places,
    onDamaged: line => damaged.take(line)
  })
  const deadline = new Deadline(streams, journal === undefined ? 'lost' : 'kept')
  const stopping = stopsFor(config, streams, deadline, () => source.stop())
  const started = performance.now()
  const front = transform ?? http
  const progress = quiet
    ? undefined
    : showProgress(() => {
        const { bytes, totalBytes } = source.progress()
        return { stats: front.stats(), done: bytes, total: totalBytes }
      })

  const first = transform === undefined ? [] : [transform]
  const sending = pipeline([source, ...first, http, retry, failover])
  tellRefusals(retry, secrets)
  const failure = (await deadline.orLate(failureOf(sending))) ?? source.failure
  const closing = await closed(streams, deadline, places)
  deadline.end()
  progress?.end()
  stopping.end()
  damaged.end()
  for (const error of new Set([failure, closing])) tellFailure(error, secrets)
  if (damaged.lost > 0) tell(`${damaged.lost} damaged lines, or parts of them, were not stored`)
  const inJournal = transform?.kept ?? 0
  const inInput = transform?.keptElsewhere ?? 0
  if (inJournal > 0) tell(`${inJournal} records are kept in the journal: the next run sends them first`)
  if (inInput > 0) tell(`${inInput} records of the input are not settled: the next run of it sends them`)
  const { signal } = stopping
  const stats = front.stats()
  const kept = inJournal + inInput
  tellOfStoring(stats, kept > 0)
  const failed = failure !== undefined || closing !== undefined || damaged.lost > 0
  const code = exitCode({ stats, damaged: damaged.lines, signal, failed })
  await printLine(JSON.stringify(reportOf(stats, started, { damaged: damaged.lines, kept, signal, exitCode: code })))
  return code
}

async function openJournal(storage: Storage | undefined, secrets: Secrets): Promise<boolean> {
  if (storage === undefined || (await openStorage(storage, secrets))) return true
  tell('without its journal nothing is begun: --journal names another folder, --no-journal keeps none')
  return false
}

/** What needs the record itself and not its text: URLs, and forms. */
function needsValues({ http: { url, format } }: Config): boolean {
  return url === undefined || format === 'form'
}

/** A file can be read twice, so its place stands in for a copy of its records. It is kept where the journal is a folder. */
function placesFor(
  { file, http: { url, method = 'POST' }, journal }: Config,
  anew: boolean,
  quiet: boolean
): Places | undefined {
  if (journal?.storage !== 'file') return undefined
  const { path, table = '' } = journal as { path?: unknown; table?: unknown }
  const { origin, path: target } = url === undefined ? { origin: '', path: '' } : parsedUrl(url)
  return new Places({
    folder: resolve(join(String(path), String(table))),
    // Without its query, which may have a secret that changes.
    destination: `${resolve(file)}\n${method.toUpperCase()} ${origin}${target.replace(/\?.*$/, '')}`,
    anew,
    notify: quiet ? () => {} : tell,
    warn: tell
  })
}

/**
 * The first signal ends the source and gives what is under way its time, the second one none. A third ends the waiting for a
 * storage that takes nothing: what is left is abandoned, and said so.
 */
export function stopsFor(
  { http: { drainTimeout = 10_000 } }: Config,
  { http, failover }: Streams,
  deadline: Deadline,
  endSource: () => void
): Stopping {
  return new Stopping({
    first() {
      endSource()
      http.drain(drainTimeout)
      deadline.start(drainTimeout)
    },
    second() {
      http.drain(0)
      deadline.start(0)
    },
    third: () => failover.destroy()
  })
}

/**
 * Waits until nothing is under way, or for no longer than there is time, and closes the storages. Gives what failed.
 */
export async function closed(
  { http, retry, failover, storage, journal }: Streams,
  deadline: Deadline,
  places?: Places
): Promise<Error | undefined> {
  const streams = [...(journal === undefined ? [] : [journal.transform]), http, retry, failover]
  const unsettled = await deadline.orLate(failureOf(Promise.all(streams.map(stream => stream.settled()))))
  // What is settled by now is written also where the rest never is.
  const kept = [places, journal?.storage, storage].filter(each => each !== undefined)
  const closings = Promise.allSettled(kept.map(each => each.close()))
  const results = await (deadline.isLate ? Promise.race([closings, paused(lastTime, [])]) : deadline.orLate(closings))
  if (results instanceof Error) return results
  const rejected = results.find((result): result is PromiseRejectedResult => result.status === 'rejected')
  return unsettled ?? (rejected?.reason as Error | undefined)
}
