/** The variables that `${…}` may name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** A text with its `${…}` replaced. */
export interface Expansion {
  readonly text: string
  /** What was put in from outside, by name: values that must not be shown. */
  readonly values: ReadonlyMap<string, string>
  /** Whether anything was put in, a default of the text itself included. */
  readonly expanded: boolean
  /** Whether the whole text is one `${…}`: it may then stand for a number or a boolean. */
  readonly whole: boolean
  /** What is wrong, without any value. */
  readonly faults: readonly string[]
}

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g
const inside = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:-|:\?)([^]*))?$/

/**
 * Replaces `${VAR}`, `${VAR:-default}` and `${VAR:?message}` by variables of the environment. As in a shell, the default
 * stands for a variable that is not set or empty, and the message is the error in that case; a plain `${VAR}` may be
 * empty, but must be set. `$${` is a literal `${`. What is put in is not looked at again.
 */
export function expand(text: string, environment: Environment): Expansion {
  const values = new Map<string, string>()
  const faults: string[] = []
  const replaced = text.replace(reference, (whole: string, content: string | undefined, end: string | undefined) => {
    if (content === undefined) return '${'
    const parts = end === '}' ? inside.exec(content) : null
    if (parts === null) {
      faults.push(
        'has a "${" that is none of ${NAME}, ${NAME:-default}, ${NAME:?message}; write "$${" for a literal one'
      )
      return whole
    }
    const found = valueOf(parts, environment)
    if ('fault' in found) faults.push(found.fault)
    else if (found.outside) values.set(parts[1]!, found.value)
    return 'value' in found ? found.value : ''
  })
  return { text: replaced, values, faults, ...shapeOf(text) }
}

type Found = { value: string; outside: boolean } | { fault: string }

function valueOf([, name = '', operator, rest = '']: RegExpExecArray, environment: Environment): Found {
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined
  if (operator === undefined) {
    return value === undefined
      ? { fault: `needs the environment variable ${name}, which is not set` }
      : { value, outside: true }
  }
  if (value !== undefined && value !== '') return { value, outside: true }
  if (operator === ':-') return { value: rest, outside: false }
  return { fault: `needs the environment variable ${name}${rest === '' ? '' : `: ${rest}`}` }
}

function shapeOf(text: string): { expanded: boolean; whole: boolean } {
  const references = [...text.matchAll(reference)].filter(([match]) => match !== '$${')
  return { expanded: references.length > 0, whole: references.length === 1 && references[0]![0] === text }
}
