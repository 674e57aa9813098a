import { OptionsError } from '../errors.ts'
import type { ConfigDocument } from './document.ts'
import { renamed } from './option-names.ts'
import { withSecretFiles } from './secret-values.ts'
import type { Secrets } from './secrets.ts'
import type { Sections } from './sections.ts'
import { fromStreamPark } from './streampark.ts'
import { keyFor } from './streampark-names.ts'

const secretKey = /(?:^|[/.])(?:username|password|jdbcUrl)$/

/**
 * The sections of a file in StreamPark's form. Every value is taken as the text that stands in the file, so that a password
 * `0123` stays one. `{ file: … }` may stand for a password, a user name or a JDBC URL. `storage` is one that counts more than the file's.
 */
export async function streamParkSections(
  document: ConfigDocument,
  folder: string,
  secrets: Secrets,
  storage?: string
): Promise<Sections> {
  const takesText = (pointer: string): boolean => secretKey.test(pointer)
  const {
    section,
    fromFile,
    faults,
    notices: aboutFiles
  } = await withSecretFiles(document.texts, takesText, folder, secrets)
  if (faults.length > 0) {
    throw new OptionsError(faults.map(({ pointer, sentence }) => `${document.locate(pointer)} ${sentence}`).join('\n'))
  }
  const locate = (pointer: string): string => `${document.locate(pointer)} `
  const { http, retry, failover, notices, origins } = fromStreamPark(section, undefined, locate, storage)
  const originOf = (pointer: string): string => origins.get(pointer) ?? ''
  return {
    values: { source: {}, journal: {}, http, retry, failover },
    notices: [...aboutFiles, ...notices],
    place: pointer => document.locate(originOf(pointer)),
    inTheirWords: sentence => renamed(sentence, pointer => keyFor(pointer, origins, storage ?? failover.storage)),
    isHidden: pointer => document.expanded.has(originOf(pointer)) || fromFile.has(originOf(pointer))
  }
}
