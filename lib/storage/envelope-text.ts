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

// What is kept of a text keeps all of it alive; and in a longer one the rest is not what takes the time.
const mostCharacters = 65_536

let last: Rest | undefined
/** The rest of the text before, where that is not `last`: to look into one pays when it comes twice, not when two take turns. */
let before = ''
/** That one was looked into, and was none. */
let isRefused = false

/**
 * The envelope in a text that is as `encodeEnvelope` writes it. Most differ from the one before only in the id, the numbers and
 * the records: what is the same is neither parsed nor checked again, but shared, and frozen. `undefined` when the text is of
 * another form, or wrong, or its rest is not known yet: `JSON.parse` must see it.
 *
 * The text is cut into parts that are members of an object, or a value, each for itself. No name can be in two of them, so that
 * together they say what the whole does.
 */
export function envelopeInText(text: string): Envelope | undefined {
  const rest = restIn(text)
  if (rest === undefined) return undefined
  const key = keyIn(text)
  if (key === undefined || !text.startsWith(recordsName, key.end)) return undefined
  const from = key.end + recordsName.length
  const to = text.length - rest.text.length
  return to < from ? undefined : envelopeOf(key, text.slice(from, to), rest.fields)
}

/** The same for the texts that `encodeRequest` and `encodeRecords` write. */
export function envelopeInTexts(request: string, records: string): Envelope | undefined {
  const rest = restIn(request)
  if (rest === undefined) return undefined
  const key = keyIn(request)
  return key?.end === request.length - rest.text.length ? envelopeOf(key, records, rest.fields) : undefined
}

function keyIn(text: string): Key | undefined {
  keyText.lastIndex = 0
  const [, quoted, version, acceptedAt] = keyText.exec(text) ?? []
  // Also for the copy: a piece of a text keeps all of it alive.
  const id = quoted === undefined ? undefined : parsed(quoted)
  if (typeof id !== 'string') return undefined
  return { id, version: Number(version), acceptedAt: Number(acceptedAt), end: keyText.lastIndex }
}

/** The rest at the end of a text, if it is known, or has come before. */
function restIn(text: string): Rest | undefined {
  // Quicker than `endsWith`, which goes character by character.
  if (last !== undefined && text.slice(text.length - last.text.length) === last.text) {
    before = ''
    return last
  }
  const start = text.lastIndexOf(restStart)
  if (start === -1 || text.length > mostCharacters) return undefined
  const rest = text.slice(start)
  if (rest !== before) {
    before = rest
    isRefused = false
    return undefined
  }
  const read = isRefused ? undefined : readRest(rest)
  isRefused = read === undefined
  return read
}

/** `undefined` when it is not a rest, is wrong, or has more in it than can be frozen here. */
function readRest(text: string): Rest | undefined {
  const fields = parsed(`{${text.slice(1)}`) as Fields | undefined
  if (fields === undefined || !Object.keys(fields).every(name => restNames.has(name))) return undefined
  if (wrongField({ ...rightOthers, ...fields }) !== undefined) return undefined
  for (const value of Object.values(fields).filter(isObject)) {
    if (Object.values(value).some(isObject)) return undefined
    Object.freeze(value)
  }
  last = { text, fields }
  return last
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
