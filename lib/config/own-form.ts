import { OptionsError } from '../errors.ts'
import { checkValue } from '../http/headers.ts'
import { nearest } from '../options.ts'
import type { ConfigDocument } from './document.ts'
import { fileSchema } from './file-schemas.ts'
import { at, namesIn } from './pointer.ts'
import { type TakesText, textBySchema, withSecretFiles } from './secret-values.ts'
import type { Secrets } from './secrets.ts'
import { type SectionName, sectionNames, type Sections } from './sections.ts'

/**
 * The sections of a file in our own form. What came from `${…}` or `{ file: … }` is hidden in messages; as the value of a
 * header it becomes a function, so that it is never stored. An unquoted `${…}` that is all of a value becomes a number or a
 * boolean where the option takes no text. Throws `SPW_ERR_OPTIONS` with a line for each fault.
 */
export async function ownSections(document: ConfigDocument, folder: string, secrets: Secrets): Promise<Sections> {
  const faults: string[] = []
  const notices: string[] = []
  const hidden = new Set(document.expanded)
  const values = checkedShape(document, faults)
  for (const name of sectionNames) {
    const takesText = textTaken(name, values[name])
    retype(values[name], name, document, takesText)
    const read = await withSecretFiles(values[name], takesText, folder, secrets)
    values[name] = read.section
    notices.push(...read.notices)
    for (const pointer of read.fromFile) hidden.add(`/${name}${pointer}`)
    for (const { pointer, sentence } of read.faults) {
      faults.push(`${document.locate(`/${name}${pointer}`)} ${name}${pointer}: ${sentence}`)
    }
  }
  hideHeaders(values.http, hidden, document, faults)
  if (faults.length > 0) throw new OptionsError(faults.join('\n'))
  return {
    values,
    notices,
    place: pointer => document.locate(pointer),
    inTheirWords: sentence => sentence,
    isHidden: pointer => hidden.has(pointer)
  }
}

function textTaken(name: SectionName, section: Record<string, unknown>): TakesText {
  try {
    return textBySchema(fileSchema(name, section))
  } catch {
    // There is no such storage, which is said when the section is checked.
    return () => true
  }
}

function checkedShape(document: ConfigDocument, faults: string[]): Record<SectionName, Record<string, unknown>> {
  const values: Record<SectionName, Record<string, unknown>> = {
    source: {},
    journal: {},
    http: {},
    retry: {},
    failover: {}
  }
  for (const [name, section] of Object.entries(document.value)) {
    const place = document.locate(`/${name}`)
    if (!(sectionNames as readonly string[]).includes(name)) {
      const near = nearest(name, sectionNames)
      faults.push(`${place} there is no section "${name}"${near === undefined ? '' : `, did you mean "${near}"?`}`)
    } else if (section !== null && (typeof section !== 'object' || Array.isArray(section))) {
      faults.push(`${place} ${name} must be a section: names and values below it`)
    } else values[name as SectionName] = { ...section }
  }
  return values
}

/** What a plain value in YAML would have been. */
function retype(
  section: Record<string, unknown>,
  name: SectionName,
  document: ConfigDocument,
  takesText: TakesText
): void {
  for (const pointer of document.untyped) {
    const [first, ...names] = namesIn(pointer)
    if (first !== name || takesText(pointer.slice(name.length + 1))) continue
    const parent = at(section, pointer.slice(name.length + 1, pointer.lastIndexOf('/'))) as Record<string, unknown>
    const key = names.at(-1)!
    parent[key] = simple(parent[key] as string)
  }
}

function simple(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^[-+]?(?:\d+|\d*\.\d+)$/.test(text) ? Number(text) : text
}

function hideHeaders(
  http: Record<string, unknown>,
  hidden: ReadonlySet<string>,
  document: ConfigDocument,
  faults: string[]
): void {
  const { headers } = http
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return
  http.headers = Object.fromEntries(
    Object.entries(headers as Record<string, unknown>).map(([name, value]) => {
      const pointer = `/http/headers/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
      if (!hidden.has(pointer)) return [name, value]
      try {
        checkValue(name, value)
      } catch (error) {
        faults.push(`${document.locate(pointer)} http/headers: ${(error as Error).message}`)
      }
      return [name, () => value]
    })
  )
}
