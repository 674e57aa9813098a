import type { Target } from '../http/target.ts'

const secretName =
  /auth|cookie|token|secret|signature|credential|password|passwd|session|api-?key|access-?key|private|jwt|bearer/i

/** Whether a header of this name is taken to hold a secret, whatever its value. */
export const isSecretHeader = (name: string): boolean => secretName.test(name)

/**
 * The headers that may be stored: none of a secret's name, none whose value is a function. Nor the format's own content type,
 * since a replay makes the body, and says what it is, by the format of its own configuration.
 */
export function storableHeaders({ headers, format }: Pick<Target, 'headers' | 'format'>): Record<string, string> {
  const storable = Object.entries(headers).filter((header): header is [string, string] => {
    const [name, value] = header
    return (
      typeof value === 'string' && !isSecretHeader(name) && !(name === 'content-type' && value === format?.contentType)
    )
  })
  return Object.fromEntries(storable)
}
