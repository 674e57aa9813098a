import type { Verdict } from './dialect.ts'

const broken: Verdict = { code: 'SPW_ERR_STORAGE', retryable: true, reason: '', isBroken: true, isUndone: false }

// What an administrator or the configuration must put right first.
const untrusted =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|ERR_TLS|ERR_SSL|ERR_OSSL|HANDSHAKE_)/

/** What an error means that did not come from the server: it was not reached, is gone, or is not trusted. */
export function connectionVerdict(cause: unknown): Verdict {
  const { code, message } = (cause ?? {}) as Partial<NodeJS.ErrnoException>
  const reason = code ?? message ?? String(cause)
  if (isUntrusted(cause)) {
    const hint = 'see the option "ca", or "insecure" to take any certificate'
    return {
      ...broken,
      retryable: false,
      reason: `the server's certificate is not trusted, or the handshake failed (${reason}); ${hint}`
    }
  }
  return { ...broken, reason }
}

function isUntrusted(cause: unknown): boolean {
  const { code = '', cause: inner } = (cause ?? {}) as Partial<NodeJS.ErrnoException>
  return untrusted.test(code) || (inner !== undefined && isUntrusted(inner))
}

/** A verdict about what the server said. */
export const answered = (reason: string, verdict: Partial<Verdict> = {}): Verdict => ({
  ...broken,
  isBroken: false,
  reason,
  ...verdict
})
