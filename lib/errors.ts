/**
 * Every code that an error of this library can carry, with its meaning. Codes are API: messages may be reworded in any
 * release, renaming a code is a breaking change.
 */
export const errorCodes = {
  SPW_ERR_OPTIONS: 'an option is wrong, missing, unknown or contradicts another',

  SPW_ERR_CONNECT: 'no connection: the name, the address or the handshake failed, nothing was sent',
  SPW_ERR_TLS: 'the certificate of the endpoint is not trusted, nothing was sent',
  SPW_ERR_NETWORK: 'the connection broke before the answer was complete',
  SPW_ERR_TIMEOUT: 'the attempt was not over within `timeout`',
  SPW_ERR_PROTOCOL: 'the answer is not valid HTTP',
  SPW_ERR_STATUS: 'the endpoint answered, but not with a success status',
  SPW_ERR_SHUTDOWN: 'not sent, or given up under way, because the stream is being shut down',

  SPW_ERR_ENCODE: 'the record cannot be turned into a body',
  SPW_ERR_REQUEST: 'the URL, the method or a header of the request is not valid',
  SPW_ERR_TOO_LARGE: 'the record is larger than all that may wait',
  SPW_ERR_SENDER: 'a Sender of the user threw something that is not a DeliveryError',

  SPW_ERR_OVERFLOW: 'written on after write() had returned false, beyond twice the capacity',
  SPW_ERR_NO_READER: 'a delivery failed and nothing reads the failed deliveries',
  SPW_ERR_ABANDONED: 'the stream was destroyed before the record was settled',
  SPW_ERR_CHAIN: 'a sink stands inside chain(), where its backpressure and its errors get lost',
  SPW_ERR_SETTLE: 'a settle hook of the user failed',

  SPW_ERR_STORAGE: 'the storage could not be opened, written or read',
  SPW_ERR_STORAGE_FULL: 'the storage has no room',
  SPW_ERR_STORAGE_LOCKED: 'another process has the storage',
  SPW_ERR_STORAGE_REFUSED: 'the storage cannot take this delivery'
} as const

export type ErrorCode = keyof typeof errorCodes

/** What every error of this library is. */
export class SpillwayError extends Error {
  override name = 'SpillwayError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** An option is wrong: the message says which, what was got and what is allowed. Nothing was started. */
export class OptionsError extends SpillwayError {
  override name = 'OptionsError'

  constructor(message: string, options?: ErrorOptions) {
    super('SPW_ERR_OPTIONS', message, options)
  }
}

/** How far an attempt came: no byte was sent; some may have been; the endpoint answered. */
export type Phase = 'not-sent' | 'maybe-sent' | 'answered'

/**
 * What a delivery is stored as when it is given up on: its attempts are used up; it may have been delivered; the endpoint
 * will never take it; it was never judged, because the stream was shut down.
 */
export type StoredOutcome = 'exhausted' | 'ambiguous' | 'refused' | 'shutdown'

export type DeliveryErrorCode =
  | 'SPW_ERR_CONNECT'
  | 'SPW_ERR_TLS'
  | 'SPW_ERR_NETWORK'
  | 'SPW_ERR_TIMEOUT'
  | 'SPW_ERR_PROTOCOL'
  | 'SPW_ERR_STATUS'
  | 'SPW_ERR_SHUTDOWN'
  | 'SPW_ERR_ENCODE'
  | 'SPW_ERR_REQUEST'
  | 'SPW_ERR_TOO_LARGE'
  | 'SPW_ERR_SENDER'

export interface DeliveryErrorInfo extends ErrorOptions {
  phase: Phase
  /** `false` when sending the same bytes again cannot help. */
  retryable: boolean
  /** What the delivery is stored as when this error was its last. @default 'exhausted' if retryable, else 'refused' */
  outcome?: StoredOutcome
  /** At most so many later attempts, whatever `retries` allows. */
  budget?: number | undefined
  /** Whether the attempt counts in `retries`. @default true */
  countsAsAttempt?: boolean
  /** Whether a batch may be sent again in halves. @default false */
  splittable?: boolean
  status?: number | undefined
  /** How long the endpoint asked to be left alone, in milliseconds. */
  retryAfter?: number | undefined
  /** Milliseconds since 1970 before which it must not be sent again; set when that is too long to wait for here. */
  notBefore?: number | undefined
}

/** One attempt to deliver failed. What follows from it is decided where it is made, and stands in its properties. */
export class DeliveryError extends SpillwayError {
  override name = 'DeliveryError'
  readonly phase: Phase
  readonly retryable: boolean
  readonly outcome: StoredOutcome
  readonly budget: number | undefined
  readonly countsAsAttempt: boolean
  readonly splittable: boolean
  readonly status: number | undefined
  readonly retryAfter: number | undefined
  readonly notBefore: number | undefined

  constructor(code: DeliveryErrorCode, message: string, info: DeliveryErrorInfo) {
    // A stack would only show undici calling back, and keeps all that stands in it: 6.7 kB for each delivery that waits.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(code, message, info)
    Error.stackTraceLimit = stackTraceLimit
    this.phase = info.phase
    this.retryable = info.retryable
    this.outcome = info.outcome ?? (info.retryable ? 'exhausted' : 'refused')
    this.budget = info.budget
    this.countsAsAttempt = info.countsAsAttempt ?? true
    this.splittable = info.splittable ?? false
    this.status = info.status
    this.retryAfter = info.retryAfter
    this.notBefore = info.notBefore
  }
}

export type StorageErrorCode =
  'SPW_ERR_STORAGE' | 'SPW_ERR_STORAGE_FULL' | 'SPW_ERR_STORAGE_LOCKED' | 'SPW_ERR_STORAGE_REFUSED'

/** A storage failed. `retryable` says whether the same call may succeed later without anybody doing anything to it. */
export class StorageError extends SpillwayError {
  override name = 'StorageError'
  readonly retryable: boolean

  constructor(code: StorageErrorCode, message: string, options: ErrorOptions & { retryable: boolean }) {
    super(code, message, options)
    this.retryable = options.retryable
  }
}

/** A stream was used in a way that would lose records, or cannot go on. */
export class StreamError extends SpillwayError {
  override name = 'StreamError'

  constructor(
    code: 'SPW_ERR_OVERFLOW' | 'SPW_ERR_NO_READER' | 'SPW_ERR_ABANDONED' | 'SPW_ERR_CHAIN' | 'SPW_ERR_SETTLE',
    message: string,
    options?: ErrorOptions
  ) {
    super(code, message, options)
  }
}
