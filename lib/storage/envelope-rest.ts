import { isObject, wrongField } from './envelope-fields.ts'
import type { Envelope } from './envelope.ts'
import { jsonIn } from './json-in.ts'

type Fields = Partial<Envelope>
type Key = Pick<Envelope, 'id' | 'version' | 'acceptedAt'>

/** What most texts of envelopes have in common: from the comma before `method` on, to their end. Frozen: several share it. */
export interface Rest {
  readonly text: string
  readonly fields: Fields
}

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

/** The rest at the end of a text, if it is known, or has come before. */
export function restIn(text: string): Rest | undefined {
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
  const fields = jsonIn(`{${text.slice(1)}`) as Fields | undefined
  if (fields === undefined || !Object.keys(fields).every(name => restNames.has(name))) return undefined
  if (wrongField({ ...rightOthers, ...fields }) !== undefined) return undefined
  for (const value of Object.values(fields).filter(isObject)) {
    if (Object.values(value).some(isObject)) return undefined
    Object.freeze(value)
  }
  last = { text, fields }
  return last
}

/** The envelope of these parts. */
export function envelopeOfParts(
  { id, version, acceptedAt }: Key,
  records: Envelope['records'],
  { fields: { method, url, headers, attempts, firstError, lastError, outcome, notBefore } }: Rest
): Envelope {
  const envelope: Record<string, unknown> = { v: 1, id, version, acceptedAt, records, method, url, headers, attempts }
  if (firstError !== undefined) envelope.firstError = firstError
  if (lastError !== undefined) envelope.lastError = lastError
  envelope.outcome = outcome
  if (notBefore !== undefined) envelope.notBefore = notBefore
  return envelope as unknown as Envelope
}
