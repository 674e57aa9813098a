import type { Envelope } from './envelope.ts'
import { areRecords } from './envelope-fields.ts'
import { envelopeOfParts, type Rest, restIn } from './envelope-rest.ts'
import { jsonIn } from './json-in.ts'

/** What is hardly ever as in the text before, and where it ends. */
interface Key extends Pick<Envelope, 'id' | 'version' | 'acceptedAt'> {
  readonly end: number
}

const keyText = /\{"v":1,"id":("[^"\\]*"),"version":([1-9][0-9]{0,14}),"acceptedAt":(0|[1-9][0-9]{0,14})(?=,")/y
const recordsName = ',"records":'

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
  return to < from ? undefined : joined(key, text.slice(from, to), rest)
}

/** The same for the texts that `encodeRequest` and `encodeRecords` write. */
export function envelopeInTexts(request: string, records: string): Envelope | undefined {
  const rest = restIn(request)
  if (rest === undefined) return undefined
  const key = keyIn(request)
  return key?.end === request.length - rest.text.length ? joined(key, records, rest) : undefined
}

function keyIn(text: string): Key | undefined {
  keyText.lastIndex = 0
  const [, quoted, version, acceptedAt] = keyText.exec(text) ?? []
  // Also for the copy: a piece of a text keeps all of it alive.
  const id = quoted === undefined ? undefined : jsonIn(quoted)
  if (typeof id !== 'string') return undefined
  return { id, version: Number(version), acceptedAt: Number(acceptedAt), end: keyText.lastIndex }
}

function joined(key: Key, recordsText: string, rest: Rest): Envelope | undefined {
  const records = jsonIn(recordsText)
  return areRecords(records) ? envelopeOfParts(key, records, rest) : undefined
}
