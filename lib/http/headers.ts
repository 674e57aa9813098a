import type { HeaderValue, Headers } from './target.ts'

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// RFC 9110, 5.5: visible characters, spaces and tabs, and what Latin-1 has beyond ASCII.
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

// They belong to the connection or to the framing of the message, which are not the user's.
const framing = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade'
])

/** The headers with their names in lower case. Throws a `TypeError` for one that must not be sent; it never quotes a value. */
export function checkedHeaders(headers: Headers): Record<string, HeaderValue> {
  const checked: Record<string, HeaderValue> = {}
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase()
    if (!token.test(name)) throw new TypeError(`a header's name must be a token, got ${JSON.stringify(given)}`)
    if (framing.has(name)) throw new TypeError(`the header ${name} is made by the client itself`)
    if (typeof value !== 'function') checkValue(name, value)
    checked[name] = value
  }
  return checked
}

/** Throws a `TypeError` for what cannot be a header's value; it never quotes it. */
export function checkValue(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new TypeError(`the header ${name} must be a string, got ${typeof value}`)
  if (!fieldValue.test(value)) throw new TypeError(`the header ${name} has a character that no header may have`)
}
