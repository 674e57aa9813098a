/** A URL as a request: where to, and the JSON object that its query stands for. */
export interface UrlRecord {
  readonly url: string
  /** Texts, a list where a parameter stands more than once. Without prototype. `undefined` when there is no query. */
  readonly body?: Readonly<Record<string, string | string[]>>
}

/**
 * A URL as StreamPark's sink takes it, for POST, PUT, PATCH and DELETE: its query parameters become a JSON object body.
 * (For GET, OPTIONS and TRACE the query stays where it is.) Decoded as `application/x-www-form-urlencoded`; throws a
 * `TypeError` for what is not UTF-8, where a text would be altered.
 */
export function bodyFromQuery(url: string): UrlRecord {
  const hash = url.indexOf('#')
  const bare = hash === -1 ? url : url.slice(0, hash)
  const mark = bare.indexOf('?')
  if (mark === -1) return { url: bare }
  const query = bare.slice(mark + 1)
  return query === '' ? { url: bare.slice(0, mark) } : { url: bare.slice(0, mark), body: parametersOf(query) }
}

function parametersOf(query: string): Record<string, string | string[]> {
  const parameters = Object.create(null) as Record<string, string | string[]>
  for (const pair of query.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decoded(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : decoded(pair.slice(equals + 1))
    const earlier = parameters[name]
    if (earlier === undefined) parameters[name] = value
    else if (Array.isArray(earlier)) earlier.push(value)
    else parameters[name] = [earlier, value]
  }
  return parameters
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decoded(text: string): string {
  if (!text.isWellFormed()) throw new TypeError('the query has a lone surrogate, which has no UTF-8 bytes')
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return decodedBytes(spaced)
  }
}

/** A percent sign that is no escape stands for itself. */
function decodedBytes(text: string): string {
  const bytes = Buffer.from(text)
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    const escaped = bytes[i] === percent ? hexDigit(bytes[i + 1]) * 16 + hexDigit(bytes[i + 2]) : NaN
    if (!Number.isNaN(escaped)) i += 2
    // Never beyond what was read already.
    bytes[length++] = Number.isNaN(escaped) ? bytes[i]! : escaped
  }
  try {
    return utf8.decode(bytes.subarray(0, length))
  } catch {
    throw new TypeError('the query is percent-encoded, but not from UTF-8')
  }
}

const percent = 0x25

/** The value of a hexadecimal digit, by its character code; `NaN` for all else. */
function hexDigit(code = 0): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : NaN
}
