import type { ErrorObject } from 'ajv'

/**
 * The faults of a value of which no branch of an `anyOf` is right, as one. Of all that ajv says of the branches, what is wrong in
 * those that take values of this kind; where there is none, what all of them take.
 */
export function withoutForks(faults: readonly ErrorObject[]): ErrorObject[] {
  // From the inside out.
  const forks = faults.filter(({ keyword }) => keyword === 'anyOf').sort((a, b) => depth(b) - depth(a))
  return forks.reduce<ErrorObject[]>(decided, [...faults])
}

const depth = ({ schemaPath }: ErrorObject): number => schemaPath.length

function decided(faults: readonly ErrorObject[], fork: ErrorObject): ErrorObject[] {
  const isBelow = (fault: ErrorObject): boolean =>
    fault.schemaPath.startsWith(`${fork.schemaPath}/`) && `${fault.instancePath}/`.startsWith(`${fork.instancePath}/`)
  const below = faults.filter(isBelow)
  const others = below.filter(fault => fault.instancePath === fork.instancePath && isOfAnotherKind(fault))
  const wrongKinds = new Set(others.map(fault => branchOf(fork, fault)))
  const near = below.filter(fault => !wrongKinds.has(branchOf(fork, fault)))
  const one = near.length > 0 ? near : [{ ...fork, message: `must be ${kindsIn(fork.schema as Schema[])}` }]
  return faults.flatMap(fault => (fault === fork ? one : isBelow(fault) ? [] : [fault]))
}

function branchOf(fork: ErrorObject, { schemaPath }: ErrorObject): string {
  return schemaPath.slice(fork.schemaPath.length + 1).split('/', 1)[0]!
}

function isOfAnotherKind({ keyword, data, params }: ErrorObject): boolean {
  if (keyword !== 'enum') return keyword === 'type' || keyword === 'typeof' || keyword === 'const'
  return (params.allowedValues as unknown[]).every(value => typeof value !== typeof data)
}

type Schema = Readonly<Record<string, unknown>>

/** `integer, string or array`. */
function kindsIn(branches: readonly Schema[]): string {
  const kinds = branches.flatMap(kindsOf)
  const last = kinds.pop()
  return kinds.length === 0 ? String(last) : `${kinds.join(', ')} or ${String(last)}`
}

function kindsOf({ type, typeof: instance, enum: values, const: value }: Schema): string[] {
  if (Array.isArray(values)) return values.map(each => JSON.stringify(each))
  return [value === undefined ? String(type ?? instance) : JSON.stringify(value)]
}
