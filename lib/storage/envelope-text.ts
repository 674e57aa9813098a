import { areRecords, isObject, wrongField } from './envelope-fields.ts'
import type { Envelope } from './envelope.ts'

type Fields = Partial<Envelope>

/** What is hardly ever as in the text before, and where it ends. */
interface Key extends Pick<Envelope, 'id' | 'version' | 'acceptedAt'> {
  readonly end: number
}

/** What most texts have in common: from the comma before `method` on, to their end. */
interface Rest {
  readonly text: string
  readonly fields: Fields
}

const keyText = /\{"v":1,"id":("[^"\\]*"),"version":([1-9][0-9]{0,14}),"acceptedAt":(0|[1-9][0-9]{0,14})(?=,")/y
const recordsName = ',"records":'
const restStart = ',"method":'
const restNames = new Set(['method', 'url', 'headers', 'attempts', 'firstError', 'lastError', 'outcome', 'notBefore'])
const rightOthers: Fields = { id: '', version: 1, acceptedAt: 0, records: [] }

let last: Rest | undefined

/**
 * The envelope in a text that is as `encodeEnvelope` writes it. Most differ from the one before only in the id, the numbers and
 * the records: what is the same is neither parsed nor checked again, but shared, and frozen. `undefined` when the text is of
 * another form, or wrong: `JSON.parse` must see it.
 *
 * The text is cut into parts that are members of an object, or a value, each for itself. No name can be in two of them, so that
 * together they say what the whole does.
 */
export function envelopeInText(text: string): Envelope | undefined {
  const key = keyIn(text)
  if (key === undefined || !text.startsWith(recordsName, key.end)) return undefined
  const from = key.end + recordsName.length
  const atEnd = text.length - (last?.text.length ?? 0)
  // Quicker than `endsWith`, which goes character by character.
  const same = text.slice(atEnd) === last?.text ? last : undefined
  const start = same === undefined ? text.lastIndexOf(restStart) : atEnd
  if (start < from) return undefined
  const fields = same === undefined ? fieldsIn(text.slice(start)) : same.fields
  return fields && envelopeOf(key, text.slice(from, start), fields)
}

/** The same for the texts that `encodeRequest` and `encodeRecords` write. */
export function envelopeInTexts(request: string, records: string): Envelope | undefined {
  const key = keyIn(request)
  if (key === undefined) return undefined
  const rest = request.slice(key.end)
  const fields = rest === last?.text ? last.fields : fieldsIn(rest)
  return fields && envelopeOf(key, records, fields)
}

function keyIn(text: string): Key | undefined {
  keyText.lastIndex = 0
  const [, quoted, version, acceptedAt] = keyText.exec(text) ?? []
  // Also for the copy: a piece of a text keeps all of it alive.
  const id = quoted === undefined ? undefined : parsed(quoted)
  if (typeof id !== 'string') return undefined
  return { id, version: Number(version), acceptedAt: Number(acceptedAt), end: keyText.lastIndex }
}

/** `undefined` when it is not a rest, is wrong, or has more in it than can be frozen here. */
function fieldsIn(rest: string): Fields | undefined {
  const fields = parsed(`{${rest.slice(1)}`) as Fields | undefined
  if (fields === undefined || !Object.keys(fields).every(name => restNames.has(name))) return undefined
  if (wrongField({ ...rightOthers, ...fields }) !== undefined) return undefined
  for (const value of Object.values(fields).filter(isObject)) {
    if (Object.values(value).some(isObject)) return undefined
    Object.freeze(value)
  }
  last = { text: copyOf(rest), fields }
  return fields
}

function envelopeOf(
  { id, version, acceptedAt }: Key,
  recordsText: string,
  { method, url, headers, attempts, firstError, lastError, outcome, notBefore }: Fields
): Envelope | undefined {
  const records = parsed(recordsText)
  if (!areRecords(records)) return undefined
  const envelope: Record<string, unknown> = { v: 1, id, version, acceptedAt, records, method, url, headers, attempts }
  if (firstError !== undefined) envelope.firstError = firstError
  if (lastError !== undefined) envelope.lastError = lastError
  envelope.outcome = outcome
  if (notBefore !== undefined) envelope.notBefore = notBefore
  return envelope as unknown as Envelope
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const copyOf = (piece: string): string => JSON.parse(JSON.stringify(piece)) as string
