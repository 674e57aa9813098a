import { OptionsError } from '../errors.ts'
import { pointerTo } from './pointer.ts'

/** A value by its dotted name, and where it stands. */
export interface Flat {
  readonly value: unknown
  /** JSON pointer into what was flattened. */
  readonly pointer: string
}

/**
 * `{ a: { b: 1 }, 'a.c': 2 }` as `a.b` and `a.c`, as a properties file has them. What is not there (`null`) is left out.
 * Throws `SPW_ERR_OPTIONS` when two ways of writing it give the same name twice.
 */
export function flattened(value: Readonly<Record<string, unknown>>): Map<string, Flat> {
  const flat = new Map<string, Flat>()
  add(flat, value, '', '')
  return flat
}

function add(flat: Map<string, Flat>, value: object, prefix: string, parent: string): void {
  for (const [key, item] of Object.entries(value)) {
    const name = prefix === '' ? key : `${prefix}.${key}`
    const pointer = pointerTo(parent, key)
    if (item === null || item === undefined) continue
    if (typeof item === 'object' && !Array.isArray(item)) add(flat, item as object, name, pointer)
    else if (flat.has(name)) throw new OptionsError(`${name} is given twice, nested and with dots`)
    else flat.set(name, { value: item, pointer })
  }
}
