import { OptionsError } from '../errors.ts'
import { type Options, placeOf } from './place.ts'

/**
 * Refuses a journal in a place where the failover, or a fallback of it, stores. What is left in a journal is sent at the next
 * start, and what is settled as stored is removed from it: there that would be what was stored. Throws `SPW_ERR_OPTIONS`.
 */
export function refuseSharedJournal(journal: object, failover: object): void {
  for (const [name, options] of chainOf(failover)) refuseShared(['journal', journal as Options], [name, options])
}

/**
 * Refuses a fallback in a place where a storage before it stores: it would fail when that fails, and what it holds would be
 * brought back to where it is. Throws `SPW_ERR_OPTIONS`.
 */
export function refuseSharedFallback(failover: object): void {
  const chain = chainOf(failover)
  chain.forEach((one, i) => {
    for (const other of chain.slice(0, i)) refuseShared(one, other)
  })
}

type Named = readonly [name: string, options: Options]

function chainOf(failover: object, name = 'failover'): Named[] {
  const { fallback } = failover as { fallback?: object }
  const rest = typeof fallback === 'object' ? chainOf(fallback, `${name}/fallback`) : []
  return [[name, failover as Options], ...rest]
}

function refuseShared([name, options]: Named, [otherName, others]: Named): void {
  const place = placeOf(options)
  if (place === undefined || place.key !== placeOf(others)?.key) return
  const { option, what, value } = place
  throw new OptionsError(`${name}/${option} must be another ${what} than ${otherName}/${option}, got ${value} for both`)
}
