import type { DeliveryError } from '../errors.ts'
import { type Format, formatNamed } from './format.ts'
import { urlText } from './url-text.ts'

/** A header's value, or what gives it at every attempt: a secret, which is then never stored. */
export type HeaderValue = string | (() => string)

export type Headers = Readonly<Record<string, HeaderValue>>

/** Where a request goes, shared by all deliveries that go there: the same method, URL, headers and format. */
export interface Target {
  readonly method: string
  /** Without credentials: those of a configured URL became a header. */
  readonly url: string
  readonly origin: string
  /** Path and query, as they stand in the request line. */
  readonly path: string
  /** As they were given, with `content-type`; names in lower case. */
  readonly headers: Headers
  /** Header name of the idempotency key, if this target gets one. */
  readonly keyHeader: string | undefined
  /** `undefined` for requests that never have a body. */
  readonly format: Format | undefined
  /** The same for all targets whose records may share a batch. */
  readonly key: string
  /** Whose configuration it was made by: there it stays as it is when it comes back. */
  readonly maker?: object
  /** Why it can never be sent, which was seen before it came to its `HttpWritable`. */
  readonly refusal?: DeliveryError
}

/** The target of a delivery that was made by hand. It is not checked: an `HttpWritable` does that when it is given in. */
export function plainTarget(request: { method?: string; url?: string | URL; headers?: Headers }): Target {
  const { method = 'POST', url = '', headers = {} } = request
  return {
    method,
    url: urlText(url),
    origin: '',
    path: '',
    headers,
    keyHeader: undefined,
    format: formatNamed('json', 1),
    key: ''
  }
}

/** The parts of a URL that a request needs. */
export interface ParsedUrl {
  readonly href: string
  readonly origin: string
  readonly path: string
  /** What its user and password say as a header. */
  readonly authorization: string | undefined
}

/** Throws a `TypeError`, which never quotes a user or a password, for what is no absolute http or https URL. */
export function parsedUrl(url: string): ParsedUrl {
  if (!URL.canParse(url)) throw new TypeError('the URL must be absolute, such as https://example.com/events')
  const { protocol, origin, pathname, search, username, password } = new URL(url)
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new TypeError(`the URL must be http or https, got ${protocol.slice(0, -1)}`)
  }
  const user = `${decoded(username)}:${decoded(password)}`
  return {
    href: origin + pathname + search,
    origin,
    path: pathname + search,
    authorization: user === ':' ? undefined : `Basic ${Buffer.from(user).toString('base64')}`
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new TypeError('the user and the password of the URL must be percent-encoded from UTF-8')
  }
}

const secretQuery = /auth|token|secret|signature|credential|passw|session|key|jwt|bearer|^(?:sig|code|pwd|pass)$/i

/** A configured URL as it may be stored: without the values of parameters whose names are those of secrets. */
export function storableUrl(url: string): string {
  return url.replace(/([?&]([^=&]+)=)[^&]*/g, (pair, start: string, name: string) =>
    secretQuery.test(name) ? `${start}***` : pair
  )
}
