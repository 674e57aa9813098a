import { namesIn } from './pointer.ts'

type Schema = Readonly<Record<string, unknown>>

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const branchesOf = (schema: Schema): Schema[] =>
  ['anyOf', 'oneOf', 'allOf']
    .flatMap(keyword => (Array.isArray(schema[keyword]) ? (schema[keyword] as unknown[]) : []))
    .filter(isSchema)

/** The schemas of what a JSON pointer names, one for each branch that allows it. */
export function schemasAt(schema: Schema, pointer: string): Schema[] {
  return namesIn(pointer).reduce<Schema[]>((found, name) => found.flatMap(each => within(each, name)), [schema])
}

function within(schema: Schema, name: string): Schema[] {
  const { properties, additionalProperties, items } = schema
  const own = isSchema(properties) && Object.hasOwn(properties, name) ? [properties[name]] : [additionalProperties]
  const item = /^\d+$/.test(name) ? [items] : []
  return [...own, ...item].filter(isSchema).concat(branchesOf(schema).flatMap(branch => within(branch, name)))
}

/** Whether a text can be right for this schema: only such a one may be a secret, and only others may be a number. */
export function takesText(schema: Schema): boolean {
  const { type, enum: values, const: value } = schema
  if (Array.isArray(values)) return values.some(each => typeof each === 'string')
  if (value !== undefined) return typeof value === 'string'
  if (type !== undefined) return type === 'string' || (Array.isArray(type) && type.includes('string'))
  const branches = branchesOf(schema)
  return branches.length > 0 ? branches.some(takesText) : !('typeof' in schema)
}
