import { messageOf } from '../message-of.ts'
import { DeliveryError, type DeliveryErrorInfo, type Phase } from '../errors.ts'

/** What the option of this name says. */
export type Semantics = 'at-least-once' | 'at-most-once'

/** What an attempt ended with when there was no complete answer. */
export function failureOf(cause: unknown, sent: boolean, semantics: Semantics): DeliveryError {
  const { code, message } = detailsOf(cause)
  if (refusesCertificate.has(code)) {
    return new DeliveryError('SPW_ERR_TLS', `The endpoint's certificate is not trusted: ${message}`, {
      phase: 'not-sent',
      retryable: true,
      budget: 2,
      cause
    })
  }
  if (isProtocol(cause, code)) {
    const hint = code === 'ERR_SSL_WRONG_VERSION_NUMBER' ? ' Is it http, not https?' : ''
    return uncertain('SPW_ERR_PROTOCOL', `The answer is not valid: ${message}${hint}`, sent, semantics, {
      cause,
      budget: 2
    })
  }
  if (sent) return uncertain('SPW_ERR_NETWORK', `The connection broke: ${message}`, true, semantics, { cause })
  return new DeliveryError('SPW_ERR_CONNECT', `No connection: ${message}`, {
    phase: 'not-sent',
    retryable: true,
    cause
  })
}

/** The body of a success answer did not arrive whole. */
export function incomplete(status: number, cause: unknown, semantics: Semantics): DeliveryError {
  const message = `The answer ${status} was cut in its body.`
  return uncertain('SPW_ERR_NETWORK', message, true, semantics, { cause, status })
}

export function timedOut(timeout: number, sent: boolean, semantics: Semantics): DeliveryError {
  return uncertain('SPW_ERR_TIMEOUT', `No complete answer within ${timeout} ms.`, sent, semantics, {})
}

/** Not judged: the stream is being shut down. What may have been sent is ambiguous whatever the semantics are. */
export function shutDown(sent: boolean): DeliveryError {
  return new DeliveryError('SPW_ERR_SHUTDOWN', 'The stream was shut down before this was delivered.', {
    phase: sent ? 'maybe-sent' : 'not-sent',
    retryable: false,
    outcome: sent ? 'ambiguous' : 'shutdown',
    countsAsAttempt: sent
  })
}

/** A record or a request that nothing can be sent of. */
export function unsendable(
  code: 'SPW_ERR_ENCODE' | 'SPW_ERR_REQUEST' | 'SPW_ERR_TOO_LARGE' | 'SPW_ERR_SENDER',
  message: string,
  cause?: unknown
): DeliveryError {
  return new DeliveryError(code, message, { phase: 'not-sent', retryable: false, countsAsAttempt: false, cause })
}

function uncertain(
  code: 'SPW_ERR_NETWORK' | 'SPW_ERR_TIMEOUT' | 'SPW_ERR_PROTOCOL',
  message: string,
  sent: boolean,
  semantics: Semantics,
  info: Pick<DeliveryErrorInfo, 'cause' | 'budget' | 'status'>
): DeliveryError {
  const phase: Phase = sent ? 'maybe-sent' : 'not-sent'
  // Sending again what may have arrived is what at-most-once forbids.
  const last = sent && semantics === 'at-most-once'
  return new DeliveryError(code, message, {
    ...info,
    phase,
    retryable: !last,
    outcome: last ? 'ambiguous' : 'exhausted'
  })
}

// https://nodejs.org/api/tls.html#x509-certificate-error-codes
const refusesCertificate = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_CRL',
  'CERT_SIGNATURE_FAILURE',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_REVOKED',
  'INVALID_CA',
  'PATH_LENGTH_EXCEEDED',
  'INVALID_PURPOSE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID'
])

const protocolCode =
  /^(HPE_|ERR_SSL_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|ERR_ASSERTION$|EPROTO$)/
const protocolName = /^(HTTPParserError|AssertionError|HeadersOverflowError|ResponseContentLengthMismatchError)$/

// undici: parser errors have no UND_ code, a bad 1xx is a SocketError of this message, a status below 100 an AssertionError.
function isProtocol(cause: unknown, code: string): boolean {
  const { name, message } = (cause ?? {}) as { name?: unknown; message?: unknown }
  if (protocolCode.test(code) || (typeof name === 'string' && protocolName.test(name))) return true
  return code === 'UND_ERR_SOCKET' && message === 'bad response'
}

function detailsOf(cause: unknown): { code: string; message: string } {
  const { code, message, errors } = (cause ?? {}) as { code?: unknown; message?: unknown; errors?: unknown[] }
  // A host with several addresses fails with an AggregateError whose own message is empty.
  if (!message && Array.isArray(errors) && errors.length > 0) return detailsOf(errors[0])
  return {
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? message : messageOf(cause)
  }
}
