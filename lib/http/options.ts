import type { Dispatcher } from 'undici'
import { queueSchema } from '../delivery/queue-schema.ts'
import { OptionsError } from '../errors.ts'
import { longestTimer } from '../longest-timer.ts'
import { optionsParser } from '../options.ts'
import type { Semantics } from './failure.ts'
import { type Format, type FormatName, formatNamed } from './format.ts'
import { checkedHeaders } from './headers.ts'
import { verdictRules, type VerdictRules } from './response.ts'
import type { Sender } from './sender.ts'
import { type StatusSet, statusSetSchema } from './status-set.ts'
import { type Headers, parsedUrl } from './target.ts'
import { withUrlText } from './url-text.ts'

/** A method, so that the parameter may have the type of the user's own records. */
interface HeadersOfRecord {
  of(record: unknown): Readonly<Record<string, string>>
}

/** The options of `HttpWritable`: the section `http`. */
export interface HttpOptions {
  /**
   * Where to send, a text or a `URL`. Without it each record is a URL itself, or `{ url, method?, headers?, body? }` and nothing
   * else. A user and password in it become a header.
   */
  url?: string | URL
  /** GET, POST, PATCH, PUT, DELETE, OPTIONS or TRACE, in any case. @default 'POST' */
  method?: string
  /**
   * What every request carries. A value may be a function without arguments, a secret say: it is called at each attempt and
   * never stored. Or a function of the record, called when it is accepted, and at a replay with what its text says. Its parameter
   * may have the type of your records. @default {}
   */
  headers?: Headers | HeadersOfRecord['of']
  /** Requests under way at most, and so connections; first attempts and retries together. @default 64 */
  numWriters?: number
  /** Records that may wait for their first attempt; at least `batchSize`. @default 10_000 */
  queueCapacity?: number
  /** The other name of `queueCapacity`. */
  highWaterMark?: number
  /** Bytes of all records that this stream has. A larger record is refused. @default 67_108_864 (64 MiB) */
  queueBytes?: number
  /** Milliseconds for one attempt, from the slot to the last byte of the answer. @default 10_000 */
  timeout?: number
  /** Statuses that acknowledge: `200`, `[200, 201]`, `'2xx'`, `'2xx,404'`. @default '2xx' */
  successCode?: StatusSet
  /** Statuses to retry after, before the table of ARCHITECTURE.md is asked. */
  retryOn?: StatusSet
  /** Statuses that refuse for good, before `retryOn` is asked. */
  refuseOn?: StatusSet
  /** How records become a body. @default 'json' */
  format?: FormatName | Format
  /** Records in one request at most; a delivery that is given in is not cut to fit. @default 1 */
  batchSize?: number
  /** Bytes of records in one request at most; a single larger one goes alone. @default 1_048_576 (1 MiB) */
  batchBytes?: number
  /** Milliseconds that a batch waits to be filled. @default 20 */
  batchDelay?: number
  /** The header that holds a delivery's id on POST and PATCH, or `false`. @default 'Idempotency-Key' */
  idempotencyKey?: string | false
  /**
   * `at-least-once` sends again what may have arrived; `at-most-once` stores it as `ambiguous` instead. @default
   * 'at-least-once'
   */
  semantics?: Semantics
  /** `body`: the query of a record's URL becomes its JSON body, but for GET, OPTIONS and TRACE. @default 'keep' */
  urlQuery?: 'keep' | 'body'
  /** An undici dispatcher to send by (a proxy, client certificates), one that takes an origin with each request. */
  dispatcher?: Dispatcher
  /** Puts a Sender around the built-in one: to sign each attempt, say. */
  wrapSender?: (inner: Sender) => Sender
  /** Bytes of an answer's body to read; then it is cut, and its status counts. @default 65_536 (64 KiB) */
  maxResponseBytes?: number
  /** Milliseconds of `Retry-After` to wait for; beyond it the delivery is stored. @default 300_000 (5 minutes) */
  maxRetryAfter?: number
  /** Drains when it aborts: no new attempts, what is under way may finish, the rest goes on to the storage. */
  signal?: AbortSignal
  /** Milliseconds that what is under way has to finish once `signal` aborted. @default 10_000 */
  drainTimeout?: number
}

const count = { type: 'integer', minimum: 1, maximum: 1_000_000_000 }
const milliseconds = { type: 'integer', minimum: 0, maximum: longestTimer, unit: 'ms' }
const bytes = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER, unit: 'bytes' }

export const httpSchema = {
  type: 'object',
  properties: {
    url: { type: 'string', minLength: 1, secret: true },
    method: { type: 'string', default: 'POST' },
    headers: {
      anyOf: [
        { type: 'object', secret: true },
        { typeof: 'function', secret: true }
      ],
      default: {},
      secret: true
    },
    numWriters: { ...count, maximum: 10_000, default: 64 },
    ...queueSchema,
    highWaterMark: { ...count, also: 'queueCapacity' },
    timeout: { ...milliseconds, minimum: 1, default: 10_000 },
    successCode: { ...statusSetSchema, default: '2xx' },
    retryOn: statusSetSchema,
    refuseOn: statusSetSchema,
    format: {
      anyOf: [
        { enum: ['json', 'ndjson', 'text', 'form'] },
        {
          type: 'object',
          properties: {
            contentType: { type: 'string', minLength: 1 },
            encode: { typeof: 'function' },
            join: { typeof: 'function' }
          },
          required: ['contentType', 'encode', 'join']
        }
      ],
      default: 'json'
    },
    batchSize: { ...count, maximum: 1_000_000, default: 1 },
    batchBytes: { ...bytes, default: 1024 * 1024 },
    batchDelay: { ...milliseconds, default: 20 },
    idempotencyKey: {
      anyOf: [
        { type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", form: 'the name of a header' },
        { const: false }
      ],
      default: 'Idempotency-Key'
    },
    semantics: { enum: ['at-least-once', 'at-most-once'], default: 'at-least-once' },
    urlQuery: { enum: ['keep', 'body'], default: 'keep' },
    dispatcher: { typeof: 'object' },
    wrapSender: { typeof: 'function' },
    maxResponseBytes: { ...bytes, minimum: 0, default: 64 * 1024 },
    maxRetryAfter: { ...milliseconds, default: 300_000 },
    signal: { typeof: 'object' },
    drainTimeout: { ...milliseconds, default: 10_000 }
  },
  additionalProperties: false
} as const

type Complete = Omit<HttpOptions, 'url'> & { url?: string } & Required<
    Omit<HttpOptions, 'url' | 'highWaterMark' | 'retryOn' | 'refuseOn' | 'dispatcher' | 'wrapSender' | 'signal'>
  >

const parseHttpOptions = optionsParser<Complete>('http', {
  ...httpSchema,
  // The default is put in once it is known which of the two names was used.
  properties: { ...httpSchema.properties, queueCapacity: count }
})

/** The options, complete and read. */
export interface HttpSettings extends Omit<Complete, 'format' | 'idempotencyKey' | 'highWaterMark'> {
  readonly format: Format
  /** In lower case. */
  readonly idempotencyKey: string | undefined
  readonly rules: VerdictRules
}

/** Throws `SPW_ERR_OPTIONS` for what is wrong, or contradicts. */
export function httpSettings(options: HttpOptions): HttpSettings {
  const { highWaterMark, ...given } = parseHttpOptions(withUrlText(options, 'url'))
  if (highWaterMark !== undefined && given.queueCapacity !== undefined) {
    throw new OptionsError('http/highWaterMark is the other name of http/queueCapacity: give one of them')
  }
  const { batchSize, format, idempotencyKey } = given
  const queueCapacity =
    given.queueCapacity ?? highWaterMark ?? Math.max(httpSchema.properties.queueCapacity.default, batchSize)
  if (queueCapacity < batchSize) {
    throw new OptionsError(`http/queueCapacity must be at least http/batchSize, ${batchSize}, got ${queueCapacity}`)
  }
  if (format === 'form' && batchSize > 1) {
    throw new OptionsError(`http/batchSize must be 1 with the format form, which has no batches, got ${batchSize}`)
  }
  if (given.urlQuery === 'body' && given.url !== undefined) {
    throw new OptionsError('http/urlQuery is for records that are URLs, so it must not stand beside http/url')
  }
  checkInstances(given)
  return {
    ...given,
    method: knownMethod(given.method),
    ...checkedTarget(given),
    queueCapacity,
    format: typeof format === 'string' ? formatNamed(format, batchSize) : format,
    idempotencyKey: idempotencyKey === false ? undefined : idempotencyKey.toLowerCase(),
    rules: verdictRules(given)
  }
}

export const methods = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'] as const

function knownMethod(method: string): string {
  const upper = method.toUpperCase()
  if ((methods as readonly string[]).includes(upper)) return upper
  throw new OptionsError(`http/method must be one of ${methods.join(', ')}, got ${JSON.stringify(method)}`)
}

function checkInstances({ signal, dispatcher }: Partial<Record<'signal' | 'dispatcher', unknown>>): void {
  if (signal !== undefined && !hasMethod(signal, 'addEventListener')) {
    throw new OptionsError('http/signal must be an AbortSignal')
  }
  if (dispatcher !== undefined && !hasMethod(dispatcher, 'dispatch')) {
    throw new OptionsError('http/dispatcher must be a dispatcher of undici')
  }
}

const hasMethod = (value: unknown, name: string): boolean =>
  typeof (value as Record<string, unknown> | null)?.[name] === 'function'

function checkedTarget({ url, headers }: Complete): Pick<Complete, 'url' | 'headers'> {
  if (url !== undefined) checked('http/url', () => parsedUrl(url))
  return {
    url,
    headers: typeof headers === 'function' ? headers : checked('http/headers', () => checkedHeaders(headers))
  }
}

function checked<T>(option: string, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    throw new OptionsError(`${option}: ${(cause as Error).message}`, { cause })
  }
}
