import { type Format, formatNamed } from './format.ts'

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
  /** Whether a header's value is a function. */
  readonly computed: boolean
  /** Header name of the idempotency key, if this target gets one. */
  readonly keyHeader: string | undefined
  /** `undefined` for requests that never have a body. */
  readonly format: Format | undefined
}

/** The target of a delivery that was made by hand. It is not checked: an `HttpWritable` does that when it is given in. */
export function plainTarget(request: { method?: string; url?: string; headers?: Headers }): Target {
  const { method = 'POST', url = '', headers = {} } = request
  return { method, url, origin: '', path: '', headers, computed: false, keyHeader: undefined, format: formatNamed('json', 1) }
}
