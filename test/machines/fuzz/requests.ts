import { validateHeaderName, validateHeaderValue } from 'node:http'
import { retryAfter } from '../../../lib/http/retry-after.ts'
import { checkedHeaders } from '../../../lib/http/headers.ts'
import { statusSet } from '../../../lib/http/status-set.ts'
import { parsedUrl, storableUrl } from '../../../lib/http/target.ts'
import { bodyFromQuery } from '../../../lib/http/url-record.ts'
import { OptionsError } from '../../../lib/errors.ts'
import { readDocument } from '../../../lib/config/document.ts'
import { Secrets } from '../../../lib/config/secrets.ts'
import { type Chance, mutatedText } from './mutations.ts'

const canary = 'Canary4711'

function messageOf(task: () => unknown, allowed: new (...args: never[]) => Error): string {
  try {
    task()
    return ''
  } catch (error) {
    if (!(error instanceof allowed)) throw error
    return error.message
  }
}

function withoutCanary(message: string): void {
  if (message.includes(canary)) throw new Error(`a secret is quoted: ${message}`)
}

const waits = [
  '0',
  '120',
  '9999999999',
  'Wed, 21 Oct 2026 07:28:00 GMT',
  'Sunday, 06-Nov-94 08:49:37 GMT',
  '1.5',
  '-5',
  '3, 5'
]
const now = Date.UTC(2026, 0, 1)

/** Seconds or a date, read by somebody else's rules; anything else is ignored. */
export function retryAfters(chance: Chance): void {
  const text = mutatedText(waits, chance)
  const wait = retryAfter(text, now)
  const isSeconds = text.length <= 10 && text.length > 0 && [...text].every(digit => digit >= '0' && digit <= '9')
  if (isSeconds !== (wait !== undefined && !text.includes('GMT'))) throw new Error(`"${text}" is taken for ${wait}`)
  if (isSeconds && wait !== Number(text) * 1_000) throw new Error(`"${text}" is taken for ${wait}`)
  if (wait === undefined || isSeconds) return
  if (!Number.isInteger(wait) || wait < 0 || wait > 8.64e15) throw new Error(`"${text}" is taken for ${wait}`)
  // Another reader of dates: what it writes of the time is the same but for the name of the day.
  const written = new Date(now + wait).toUTCString()
  if (wait > 0 && written.slice(5) !== text.slice(5)) throw new Error(`"${text}" is taken for ${written}`)
}

const urls = [
  'https://example.com/events?x=1',
  `http://user:${canary}@h:8080/p?token=${canary}&a=b#f`,
  'http://[::1]:80/',
  'http://h/ä?ö=ü',
  'ftp://h/',
  '//h/p',
  'http://%61/',
  ''
]

/** A URL is taken apart, or refused without a word of its password. */
export function urlParts(chance: Chance): void {
  const text = mutatedText(urls, chance)
  // The mutation may have put the password elsewhere: into the host, say.
  const isWhole = text.includes(`:${canary}@`)
  const message = messageOf(() => {
    const { href, origin, path } = parsedUrl(text)
    if (href !== origin + path || !/^https?:\/\/[^/]+$/.test(origin) || !path.startsWith('/')) {
      throw new Error(`${text} is taken apart to ${origin} and ${path}`)
    }
    if (isWhole && origin.includes(canary)) throw new Error(`${origin} has the password`)
    const secret = storableUrl(`http://h/?token=${encodeURIComponent(text.toWellFormed())}${canary}&a=b`)
    if (secret !== 'http://h/?token=***&a=b') throw new Error(`${secret} is stored`)
  }, TypeError)
  withoutCanary(message)
}

const queries = [
  'http://h/p?a=1&b=2',
  'http://h/?a=%20+%2B&a=2&=x&y',
  'http://h/?a=%C3%A4&b=%ff',
  'http://h/?__proto__=1',
  '?'
]

/** A query is read as browsers read it, but nothing in it is altered. */
export function urlRecords(chance: Chance): void {
  const text = mutatedText(queries, chance)
  messageOf(() => {
    const { url, body = {} } = bodyFromQuery(text)
    if (url.includes('?') || url.includes('#')) throw new Error(`${url} has a query`)
    // Node's own reader makes Latin-1 of a text with a percent sign that is no escape.
    if (/%(?![0-9a-f]{2})/i.test(text)) return
    const query = text.split('#', 1)[0]!.slice(url.length + 1)
    const wanted = new Map<string, string[]>()
    for (const [name, value] of new URLSearchParams(`&${query}`)) wanted.set(name, [...(wanted.get(name) ?? []), value])
    const found = Object.entries(body).map(([name, value]) => [name, [value].flat()] as const)
    if (JSON.stringify([...wanted].sort()) !== JSON.stringify(found.sort()))
      throw new Error(`${text} is read as ${JSON.stringify(body)}`)
    if (Object.getPrototypeOf(body) !== null && Object.keys(body).length > 0)
      throw new Error('the body has a prototype')
  }, TypeError)
}

const names = ['content-type', 'X-Key', 'a b', 'ä', 'host', '__proto__', '']
const contents = ['text/plain', `Bearer ${canary}`, 'a\r\nb: c', 'ä', '€', '\0', ' x ', '\x7f']

/** What is taken for a header Node sends, too; what is not is not quoted. */
export function headerChecks(chance: Chance): void {
  const [name, value] = [mutatedText(names, chance), mutatedText(contents, chance)]
  const message = messageOf(() => {
    const checked = checkedHeaders(Object.fromEntries([[name, value]]))
    for (const [name, value] of Object.entries(checked)) {
      validateHeaderName(name)
      validateHeaderValue(name, value as string)
      if (name !== name.toLowerCase() || /[\r\n\0]/.test(value as string)) throw new Error(`${name} is not checked`)
    }
  }, TypeError)
  if (!name.includes(canary)) withoutCanary(message)
}

const sets = ['200', '2xx', '2xx,404', '5xx,!501', '200, 201', '', '99', 'xxx', '!']

/** A set of statuses, or an error of the option. */
export function statusSets(chance: Chance): void {
  const text = mutatedText(sets, chance)
  const message = messageOf(() => {
    const isIn = statusSet('http/successCode', text)
    for (const status of [99, 200, 404, 501, 1_000]) if (typeof isIn(status) !== 'boolean') throw new Error('no answer')
    if (isIn(99) || isIn(1_000)) throw new Error(`"${text}" takes in what is no status`)
  }, OptionsError)
  if (message !== '' && !message.includes('http/successCode')) throw new Error(`the option is not named: ${message}`)
}

const documents = [
  'http:\n  url: http://h/ # where\n  retryOn: [500, 5xx]\nretry:\n  retries: 3\n',
  'http: { url: "http://h/${X}", headers: { authorization: "${TOKEN}" } }\nfailover:\n  storage: file\n  path: /tmp/x\n',
  '{"http":{"url":"${X:-http://h/}","batchSize":5}}',
  'http.sink:\n  threshold.numWriters: 3\n  failover: { storage: mysql }\n',
  'a: &a { b: 1 }\nc: *a\nd: |\n  text\n   more\n',
  '- 1\n- 2\n'
]
const environment = { X: 'x', TOKEN: canary }

/** A document is plain values, or faults that have a place and no secret. */
export function configurations(chance: Chance): void {
  const text = mutatedText(documents, chance)
  const message = messageOf(() => {
    const { value, locate } = readDocument(text, 'f.yaml', environment, new Secrets())
    JSON.stringify(value)
    if (Object.getPrototypeOf({}) !== Object.prototype || 'polluted' in {}) throw new Error('a prototype was changed')
    locate('/http/url')
  }, OptionsError)
  withoutCanary(message)
  if (message !== '' && !message.includes('f.yaml')) throw new Error(`the file is not named: ${message}`)
}
