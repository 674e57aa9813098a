import { resolve } from 'node:path'
import type { OptionsSchema } from '../options.ts'
import { pointerTo } from './pointer.ts'
import { schemasAt, takesText } from './schema-kinds.ts'
import { readSecretFile } from './secret-file.ts'
import type { Secrets } from './secrets.ts'

/** What was read for a section of a configuration. */
export interface SecretValues {
  readonly section: Record<string, unknown>
  /** JSON pointers within the section of what came from a file. */
  readonly fromFile: ReadonlySet<string>
  readonly notices: readonly string[]
  readonly faults: ReadonlyArray<{ readonly pointer: string; readonly sentence: string }>
}

/** Whether a text may stand where a JSON pointer within the section points. */
export type TakesText = (pointer: string) => boolean

/** By the section's schema; a header is one, whatever its name. */
export const textBySchema =
  (schema: OptionsSchema): TakesText =>
  pointer =>
    /^\/headers\/[^/]+$/.test(pointer) || schemasAt(schema, pointer).some(takesText)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The section with every `{ file: path }`, where a text may stand, replaced by what is in that file. A relative path starts
 * at `folder`, that of the configuration.
 */
export async function withSecretFiles(
  section: Readonly<Record<string, unknown>>,
  takes: TakesText,
  folder: string,
  secrets: Secrets
): Promise<SecretValues> {
  const found = {
    fromFile: new Set<string>(),
    notices: [] as string[],
    faults: [] as Array<{ pointer: string; sentence: string }>
  }

  const replaced = async (value: unknown, pointer: string): Promise<unknown> => {
    if (!isObject(value)) return value
    const { file, ...others } = value
    if (typeof file === 'string' && Object.keys(others).length === 0 && takes(pointer)) return fileAt(pointer, file)
    const entries = Object.entries(value).map(
      async ([name, item]) => [name, await replaced(item, pointerTo(pointer, name))] as const
    )
    return Object.fromEntries(await Promise.all(entries))
  }

  const fileAt = async (pointer: string, path: string): Promise<unknown> => {
    const secret = await readSecretFile(resolve(folder, path))
    found.fromFile.add(pointer)
    if ('fault' in secret) {
      found.faults.push({ pointer, sentence: secret.fault })
      return ''
    }
    if (secret.notice !== undefined) found.notices.push(secret.notice)
    secrets.add(secret.value, `{ file: ${path} }`)
    return secret.value
  }

  return { section: (await replaced(section, '')) as Record<string, unknown>, ...found }
}
