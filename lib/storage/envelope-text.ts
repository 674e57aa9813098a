import { areRecords, isObject, wrongField } from './envelope-fields.ts'
import type { Envelope } from './envelope.ts'

type Fields = Partial<Envelope>

/** A part of a text, from a comma on, and what is in it. */
interface Part {
  readonly text: string
  readonly fields: Fields
}

/** What is hardly ever as in the text before, and where the rest begins. */
interface Key extends Pick<Envelope, 'id' | 'version' | 'acceptedAt'> {
  readonly end: number
}

const keyText = /\{"v":1,"id":("[^"\\]*"),"version":([1-9][0-9]{0,14}),"acceptedAt":(0|[1-9][0-9]{0,14})(?=,")/y
const recordsName = ',"records":'
const tailStart = ',"attempts":'
const right: Envelope = {
  ...{ v: 1, id: '', version: 1, acceptedAt: 0, method: '', url: '', headers: {}, records: [], attempts: 0 },
  outcome: 'exhausted'
}

/** The parts of one kind, of which the last one is known. */
class Parts {
  readonly #names: ReadonlySet<string>
  /** Right values for what is in other parts. */
  readonly #others: Fields
  readonly #end: string
  #last: Part = { text: '', fields: {} }

  /** `end`: what an object lacks that is made of a part. */
  constructor(names: readonly string[], end: string) {
    this.#names = new Set(names)
    this.#others = Object.fromEntries(Object.entries(right).filter(([name]) => !this.#names.has(name)))
    this.#end = end
  }

  /** The last one, if it is in the text at `from`. */
  lastAt(text: string, from: number): Part | undefined {
    const last = this.#last
    // Quicker than `startsWith`, which goes character by character.
    return last.text !== '' && text.slice(from, from + last.text.length) === last.text ? last : undefined
  }

  /** The last one, if the text ends with it, and it does not begin before `from`. */
  lastIn(text: string, from: number): Part | undefined {
    return this.lastAt(text, Math.max(from, text.length - this.#last.text.length))
  }

  /** `undefined` when it is not one of ours, is wrong, or has more in it than can be frozen here. */
  read(text: string): Part | undefined {
    const fields = parsed(`{${text.slice(1)}${this.#end}`) as Fields | undefined
    if (fields === undefined || !Object.keys(fields).every(name => this.#names.has(name))) return undefined
    if (wrongField({ ...this.#others, ...fields }) !== undefined) return undefined
    for (const value of Object.values(fields).filter(isObject)) {
      if (Object.values(value).some(isObject)) return undefined
      Object.freeze(value)
    }
    this.#last = { text, fields }
    return this.#last
  }
}

const ofRequest = ['method', 'url', 'headers']
const ofOutcome = ['attempts', 'firstError', 'lastError', 'outcome', 'notBefore']
const heads = new Parts(ofRequest, '}')
const tails = new Parts(ofOutcome, '')
const rests = new Parts([...ofRequest, ...ofOutcome], '')

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
  if (key === undefined) return undefined
  const head = heads.lastAt(text, key.end) ?? headAt(text, key.end)
  if (head === undefined || !text.startsWith(recordsName, key.end + head.text.length)) return undefined
  const from = key.end + head.text.length + recordsName.length
  const tail = tails.lastIn(text, from) ?? tailIn(text, from)
  if (tail === undefined) return undefined
  return envelopeOf(key, head.fields, text.slice(from, text.length - tail.text.length), tail.fields)
}

/** The same for the texts that `encodeRequest` and `encodeRecords` write. */
export function envelopeInTexts(request: string, records: string): Envelope | undefined {
  const key = keyIn(request)
  if (key === undefined) return undefined
  const last = rests.lastAt(request, key.end)
  const isWhole = last !== undefined && request.length === key.end + last.text.length
  const rest = isWhole ? last : rests.read(request.slice(key.end))
  return rest === undefined ? undefined : envelopeOf(key, rest.fields, records, rest.fields)
}

function keyIn(text: string): Key | undefined {
  keyText.lastIndex = 0
  const [, quoted, version, acceptedAt] = keyText.exec(text) ?? []
  // A copy: a piece of a text keeps all of it alive.
  const id = quoted === undefined ? undefined : parsed(quoted)
  if (typeof id !== 'string') return undefined
  return { id, version: Number(version), acceptedAt: Number(acceptedAt), end: keyText.lastIndex }
}

function headAt(text: string, from: number): Part | undefined {
  const end = text.indexOf(recordsName, from)
  return end === -1 ? undefined : heads.read(text.slice(from, end))
}

function tailIn(text: string, from: number): Part | undefined {
  const start = text.lastIndexOf(tailStart)
  return start < from ? undefined : tails.read(text.slice(start))
}

function envelopeOf(
  { id, version, acceptedAt }: Key,
  { method, url, headers }: Fields,
  recordsText: string,
  { attempts, firstError, lastError, outcome, notBefore }: Fields
): Envelope | undefined {
  const records = parsed(recordsText)
  if (!areRecords(records)) return undefined
  const envelope: Record<string, unknown> = { v: 1, id, version, acceptedAt, method, url, headers, records, attempts }
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
