import { expect } from 'chai'
import { errors } from 'undici'
import { failureOf, incomplete, shutDown, timedOut, unsendable } from '../../lib/http/failure.ts'

const coded = (code: string, message = 'x'): Error => Object.assign(new Error(message), { code })
const of = (cause: unknown, sent: boolean) => failureOf(cause, sent, 'at-least-once')

describe('failureOf', () => {
  for (const code of [
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'UND_ERR_CONNECT_TIMEOUT',
    'ECONNRESET'
  ]) {
    it(`takes ${code} before a byte was written for not sent, to be retried`, () => {
      expect(of(coded(code), false)).to.include({
        code: 'SPW_ERR_CONNECT',
        phase: 'not-sent',
        retryable: true,
        outcome: 'exhausted',
        budget: undefined
      })
    })
  }

  for (const code of ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']) {
    it(`takes ${code} after bytes went out for maybe sent, to be retried`, () => {
      expect(of(coded(code, 'other side closed'), true)).to.include({
        code: 'SPW_ERR_NETWORK',
        phase: 'maybe-sent',
        retryable: true,
        outcome: 'exhausted'
      })
    })

    it(`stores as ambiguous what ${code} cut off with at-most-once`, () => {
      expect(failureOf(coded(code), true, 'at-most-once')).to.include({
        phase: 'maybe-sent',
        retryable: false,
        outcome: 'ambiguous'
      })
    })
  }

  it('retries what was not sent with at-most-once too', () => {
    expect(failureOf(coded('ECONNREFUSED'), false, 'at-most-once')).to.include({ phase: 'not-sent', retryable: true })
  })

  for (const code of [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'CERT_REVOKED'
  ]) {
    it(`E20 E22 gives ${code} two more attempts and stores it as exhausted`, () => {
      expect(of(coded(code), false)).to.include({
        code: 'SPW_ERR_TLS',
        phase: 'not-sent',
        retryable: true,
        budget: 2,
        outcome: 'exhausted'
      })
    })
  }

  const unparsable: Array<[string, Error]> = [
    ['a parser error', coded('HPE_INVALID_CONSTANT')],
    ['a parser error by its name', new errors.HTTPParserError('x')],
    ['a bad 1xx', new errors.SocketError('bad response')],
    ['a status below 100', coded('ERR_ASSERTION')],
    ['headers that are too long', new errors.HeadersOverflowError()],
    ['another length than was said', new errors.ResponseContentLengthMismatchError()],
    ['TLS spoken to a plain port', coded('ERR_SSL_WRONG_VERSION_NUMBER')],
    ['a TLS alert', coded('EPROTO')]
  ]
  for (const [name, cause] of unparsable) {
    it(`takes ${name} for a fault of the protocol with two more attempts`, () => {
      expect(of(cause, true)).to.include({
        code: 'SPW_ERR_PROTOCOL',
        phase: 'maybe-sent',
        retryable: true,
        budget: 2
      })
    })
  }

  it('E24 takes a TLS handshake without a common cipher for not sent', () => {
    expect(of(coded('EPROTO'), false)).to.include({ phase: 'not-sent', retryable: true })
  })

  it('E25 asks whether the scheme is right when the other side does not speak TLS', () => {
    expect(of(coded('ERR_SSL_WRONG_VERSION_NUMBER'), false).message).to.contain('http, not https')
  })

  it('takes another SocketError for a broken connection', () => {
    expect(of(new errors.SocketError('other side closed'), true).code).to.equal('SPW_ERR_NETWORK')
  })

  it('looks into the errors of a host with several addresses', () => {
    const both = new AggregateError([coded('ECONNREFUSED', 'connect ECONNREFUSED ::1'), coded('ECONNREFUSED')], '')
    expect(of(both, false).message).to.contain('connect ECONNREFUSED ::1')
  })

  it('keeps the cause', () => {
    const cause = coded('ECONNRESET')
    expect(of(cause, true).cause).to.equal(cause)
  })

  for (const cause of [undefined, null, 'text', 5, {}, { code: 7 }]) {
    it(`makes an error of ${JSON.stringify(cause) ?? 'undefined'}`, () => {
      expect(of(cause, true)).to.include({ code: 'SPW_ERR_NETWORK', retryable: true })
    })
  }
})

describe('incomplete', () => {
  it('E32 takes a success that was cut in its body for maybe sent, with its status', () => {
    const error = incomplete(200, new Error('cut'), 'at-least-once')
    expect(error).to.include({ code: 'SPW_ERR_NETWORK', phase: 'maybe-sent', retryable: true, status: 200 })
  })

  it('stores it as ambiguous with at-most-once', () => {
    expect(incomplete(200, undefined, 'at-most-once')).to.include({ retryable: false, outcome: 'ambiguous' })
  })
})

describe('timedOut', () => {
  it('takes what was written for maybe sent', () => {
    expect(timedOut(300, true, 'at-least-once')).to.include({
      code: 'SPW_ERR_TIMEOUT',
      phase: 'maybe-sent',
      retryable: true,
      message: 'No complete answer within 300 ms.'
    })
  })

  it('takes what was not written for not sent, whatever the semantics', () => {
    expect(timedOut(300, false, 'at-most-once')).to.include({ phase: 'not-sent', retryable: true })
  })

  it('stores what was written as ambiguous with at-most-once', () => {
    expect(timedOut(300, true, 'at-most-once')).to.include({ retryable: false, outcome: 'ambiguous' })
  })
})

describe('shutDown', () => {
  it('does not count where nothing was sent', () => {
    expect(shutDown(false)).to.include({
      code: 'SPW_ERR_SHUTDOWN',
      phase: 'not-sent',
      retryable: false,
      outcome: 'shutdown',
      countsAsAttempt: false
    })
  })

  it('is ambiguous where something may have been', () => {
    expect(shutDown(true)).to.include({ phase: 'maybe-sent', outcome: 'ambiguous', countsAsAttempt: true })
  })
})

describe('unsendable', () => {
  it('refuses without an attempt', () => {
    expect(unsendable('SPW_ERR_ENCODE', 'no')).to.include({
      phase: 'not-sent',
      retryable: false,
      outcome: 'refused',
      countsAsAttempt: false
    })
  })
})
