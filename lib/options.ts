import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { OptionsError } from './errors.ts'
import { withoutForks } from './options/forks.ts'

/** A JSON schema of an object of options. Functions and class instances are described by the keyword `typeof`. */
export type OptionsSchema = {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, object>>
  readonly [keyword: string]: unknown
}

const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: true, allowUnionTypes: true, verbose: true })
ajv.addKeyword({
  keyword: 'typeof',
  schemaType: 'string',
  error: { message: ({ schema }) => `must be a ${String(schema)}` },
  validate: (type: string, value: unknown) => typeof value === type
})
// What a schema says beside the rules, for the generated tables of the README.
ajv.addVocabulary(['unit', 'secret', 'also', 'form'])

/**
 * Turns a schema into `options => complete options`: checks them and fills in the defaults.
 * Throws `SPW_ERR_OPTIONS` with the path of every fault, what was got and what is allowed. Values of options that the
 * schema marks as `secret` are never quoted.
 */
export function optionsParser<T>(name: string, schema: OptionsSchema): (options: unknown) => T {
  let validate: ValidateFunction<T> | undefined
  return options => {
    // On first use: all schemas together take a fifth of the time in which the command line starts.
    validate ??= ajv.compile<T>(schema)
    const complete = cloned(options ?? {})
    if (validate(complete)) return complete
    throw new OptionsError(describeFaults(name, validate.errors ?? []))
  }
}

/** The sentences of `OptionsError`: one for each fault, joined by `; `. */
export function describeFaults(name: string, faults: readonly ErrorObject[]): string {
  return [...new Set(withoutForks(faults).map(fault => describe(name, fault)))].join('; ')
}

function describe(name: string, { instancePath, keyword, params, message, data, parentSchema }: ErrorObject): string {
  const path = name + instancePath.replaceAll('~1', '/').replaceAll('~0', '~')
  if (keyword === 'additionalProperties') {
    const key = String(params.additionalProperty)
    const near = nearest(key, Object.keys((parentSchema as OptionsSchema).properties))
    return `${path} has no option ${quoted(key)}${near === undefined ? '' : `, did you mean ${quoted(near)}?`}`
  }
  if (keyword === 'required') return `${path}/${String(params.missingProperty)} is missing`
  const got = (parentSchema as { secret?: boolean } | undefined)?.secret ? '' : `, got ${shown(data)}`
  if (keyword === 'enum')
    return `${path} must be one of ${(params.allowedValues as unknown[]).map(quoted).join(', ')}${got}`
  const { form } = parentSchema as { form?: string }
  if (keyword === 'pattern' && form !== undefined) return `${path} must be ${form}${got}`
  if (keyword === 'const') return `${path} must be ${quoted(params.allowedValue)}${got}`
  return `${path} ${message ?? 'is not valid'}${got}`
}

const quoted = (value: unknown): string => JSON.stringify(value)

/** A value as a message shows it. */
export function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'object' || value === null) return quoted(value) ?? String(value)
  return Array.isArray(value) ? 'an array' : 'an object'
}

/** The known name that is closest to a mistyped one, if any is close enough to be meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map(candidate => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance)
  return best?.candidate
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}

// `useDefaults` writes into what it checks, so plain objects are copied all the way down; instances are kept as they are.
function cloned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cloned)
  if (!isPlainObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, cloned(item)])
  )
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
