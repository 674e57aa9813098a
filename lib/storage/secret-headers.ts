import type { Headers } from '../http/target.ts'

const secretName = /auth|cookie|token|secret|signature|credential|password|passwd|session|api-?key|access-?key|private|jwt|bearer/i

/** Whether a header of this name is taken to hold a secret, whatever its value. */
export const isSecretHeader = (name: string): boolean => secretName.test(name)

/** The headers that may be stored: none of a secret's name, none whose value is a function. */
export function storableHeaders(headers: Headers): Record<string, string> {
  const storable = Object.entries(headers).filter(
    (header): header is [string, string] => typeof header[1] === 'string' && !isSecretHeader(header[0])
  )
  return Object.fromEntries(storable)
}
