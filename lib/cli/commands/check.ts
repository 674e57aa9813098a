import { Agent, request } from 'undici'
import type { Config } from '../../config/read-config.ts'
import { OptionsError } from '../../errors.ts'
import { parsedUrl, storableUrl } from '../../http/target.ts'
import type { Storage } from '../../storage/storage.ts'
import type { FallbackOptions } from '../../failover-writable.ts'
import { buildStorages, buildStreams } from '../build.ts'
import { printLine } from '../standard-streams.ts'
import { tellOfNoFolder } from '../stored.ts'
import { type Context, tellFailure } from './context.ts'
import { closeQuietly } from './replay.ts'

/** A storage that can say how it is. */
interface Reporting extends Storage {
  report(): Promise<StorageReport>
}

/** What a storage found when it read all that is there. */
interface StorageReport {
  readonly entries: number
  /** Parts that are not as they were written. */
  readonly damaged?: number
  /** Parts that should be there. */
  readonly missing?: readonly unknown[]
}

/**
 * Says whether the configuration is right and the storage can be read from its beginning to its end; with `probe`, whether
 * the endpoint answers, by an OPTIONS request without headers of the configuration. Returns the exit code.
 */
export async function check(config: Config, { probe }: { probe: boolean }, context: Context): Promise<number> {
  const { url } = config.http
  if (probe && url === undefined)
    throw new OptionsError('there is nothing to probe: the configuration names no URL, each record has its own')
  const { http, retry, failover, journal } = buildStreams(config)
  for (const stream of [http, retry, failover, journal?.transform]) stream?.destroy()
  await printLine(`configuration  ok     ${config.file}`)
  const stored = await verifyAll(config, context)
  const kept = journal === undefined || (await verify('journal', journal.storage, nameOf(config.journal!), context))
  const answered = !probe || (await probed(url!, config.http.timeout ?? 10_000, context))
  return stored && kept && answered ? 0 : 5
}

async function verifyAll(config: Config, context: Context): Promise<boolean> {
  const names = namesIn(config.failover)
  const storages = buildStorages(config)
  tellOfNoFolder(config, storages, context)
  let areWhole = true
  for (const [index, storage] of storages.entries()) {
    if (!(await verify('storage', storage, names[index]!, context))) areWhole = false
  }
  return areWhole
}

/** The names of a storage and its fallbacks. */
function namesIn(options: FallbackOptions): string[] {
  const { fallback } = options
  return [nameOf(options), ...(fallback === undefined ? [] : namesIn(fallback))]
}

const nameOf = ({ storage }: Pick<FallbackOptions, 'storage'>): string => storage as string

async function verify(
  what: 'storage' | 'journal',
  storage: Storage,
  name: string,
  { secrets }: Context
): Promise<boolean> {
  try {
    const report = isReporting(storage) ? await storage.report() : await counted(storage)
    const isWhole = faultsIn(report) === 0
    await printLine(`${what}        ${isWhole ? 'ok     ' : 'DAMAGED'} ${name} ${JSON.stringify(report)}`)
    return isWhole
  } catch (error) {
    await printLine(`${what}        FAILS  ${name}`)
    tellFailure(error as Error, secrets)
    return false
  } finally {
    await closeQuietly(storage)
  }
}

async function counted(storage: Storage): Promise<StorageReport> {
  const all = storage.read()[Symbol.asyncIterator]()
  let entries = 0
  while ((await all.next()).done !== true) entries++
  return { entries }
}

const faultsIn = ({ damaged = 0, missing = [] }: StorageReport): number => damaged + missing.length

function isReporting(storage: Storage): storage is Reporting {
  return typeof (storage as Partial<Reporting>).report === 'function'
}

async function probed(url: string, timeout: number, { secrets }: Context): Promise<boolean> {
  const { href } = parsedUrl(url)
  const shown = storableUrl(secrets.redact(href))
  const dispatcher = new Agent()
  try {
    const { statusCode, body } = await request(href, {
      method: 'OPTIONS',
      dispatcher,
      signal: AbortSignal.timeout(timeout)
    })
    await body.dump()
    await printLine(`endpoint       ok     OPTIONS ${shown} answers ${statusCode}`)
    return true
  } catch (error) {
    await printLine(`endpoint       FAILS  OPTIONS ${shown}`)
    tellFailure(error as Error, secrets)
    return false
  } finally {
    await dispatcher.destroy()
  }
}
