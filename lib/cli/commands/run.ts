import { pipeline } from 'node:stream/promises'
import type { Config } from '../../config/read-config.ts'
import { OptionsError } from '../../errors.ts'
import { inputFiles } from '../../source/input-files.ts'
import { InputSource } from '../../source/input-source.ts'
import { buildStreams, type Streams } from '../build.ts'
import { DamagedLines } from '../damaged-lines.ts'
import { exitCode } from '../exit-code.ts'
import { showProgress } from '../progress.ts'
import { reportOf } from '../report.ts'
import { printLine } from '../standard-streams.ts'
import { Stopping } from '../stopping.ts'
import { type Context, openStorage, tellFailure } from './context.ts'

/** Delivers the records of an input. Returns the exit code. */
export async function run(config: Config, { quiet, secrets }: Context): Promise<number> {
  const { source: options, http: httpOptions } = config
  if (options.input === undefined) {
    throw new OptionsError(
      'there is no input: give --input FILE, a folder, or - for standard input (or source/input in the file)'
    )
  }
  const files = await inputFiles(options.input)
  const streams = buildStreams(config)
  if (!(await openStorage(streams.storage, secrets))) return 5
  const { http, retry, failover } = streams
  const damaged = new DamagedLines(failover, httpOptions)
  const source = new InputSource({
    files,
    format: options.format,
    parsed: needsValues(config),
    maxLineBytes: options.maxLineBytes,
    onDamaged: line => damaged.take(line)
  })
  const stopping = stopsFor(config, streams, () => source.stop())
  const started = performance.now()
  const progress = quiet
    ? undefined
    : showProgress(() => {
        const { bytes, totalBytes } = source.progress()
        return { stats: http.stats(), done: bytes, total: totalBytes }
      })

  const failure = await pipeline(source, http, retry, failover).then(
    () => source.failure,
    (error: Error) => error
  )
  const closing = await closed(streams)
  progress?.end()
  stopping.end()
  damaged.end()
  for (const error of new Set([failure, closing])) tellFailure(error, secrets)
  const { signal } = stopping
  const stats = http.stats()
  const failed = failure !== undefined || closing !== undefined || damaged.lost > 0
  const code = exitCode({ stats, damaged: damaged.lines, signal, failed })
  await printLine(JSON.stringify(reportOf(stats, started, { damaged: damaged.lines, signal, exitCode: code })))
  return code
}

/** What needs the record itself and not its text: URLs, and forms. */
function needsValues({ http: { url, format } }: Config): boolean {
  return url === undefined || format === 'form'
}

/**
 * The first signal ends the source and gives what is under way its time, the second one none. A third ends the waiting for a
 * storage that takes nothing: what is left is abandoned, and said so.
 */
export function stopsFor(
  { http: { drainTimeout = 10_000 } }: Config,
  { http, failover }: Streams,
  endSource: () => void
): Stopping {
  return new Stopping({
    first() {
      endSource()
      http.drain(drainTimeout)
    },
    second: () => http.drain(0),
    third: () => failover.destroy()
  })
}

/** Waits until nothing is under way and closes the storage. */
export async function closed({ http, retry, failover, storage }: Streams): Promise<Error | undefined> {
  await Promise.all([http.settled(), retry.settled(), failover.settled()])
  return storage.close().then(
    () => undefined,
    (error: Error) => error
  )
}
