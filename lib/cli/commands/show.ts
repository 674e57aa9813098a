import type { Config } from '../../config/read-config.ts'
import type { Envelope } from '../../storage/envelope.ts'
import { printLine, tell } from '../standard-streams.ts'
import { buildStored } from '../stored.ts'
import { type Context, tellFailure } from './context.ts'
import { closeQuietly } from './replay.ts'

/** Prints one stored delivery with its records. Returns the exit code: 1 when it is not there. */
export async function show(config: Config, id: string, context: Context): Promise<number> {
  const storage = buildStored(config, context)
  try {
    let found: Envelope | undefined
    for await (const entry of storage.read()) {
      if (entry.id !== id) continue
      found = entry.envelope
      break
    }
    if (found === undefined) tell(`nothing is stored under the id ${id}`)
    else await printLine(JSON.stringify({ ...found, url: context.secrets.redact(found.url) }, undefined, 2))
    return found === undefined ? 1 : 0
  } catch (error) {
    tellFailure(error as Error, context.secrets)
    return 5
  } finally {
    await closeQuietly(storage)
  }
}
