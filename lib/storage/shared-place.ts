import { OptionsError } from '../errors.ts'
import type { StorageOptions } from '../failover-writable.ts'
import { placeOf } from './place.ts'

/**
 * Refuses a journal in a place where the failover, or a fallback of it, stores. What is left in a journal is sent at the next
 * start, and what is settled as stored is removed from it: there that would be what was stored. Throws `SPW_ERR_OPTIONS`.
 */
export function refuseSharedJournal(journal: StorageOptions, failover: StorageOptions): void {
  for (const [name, options] of chainOf(failover)) refuseShared(['journal', journal], [name, options])
}

/**
 * Refuses a fallback in a place where a storage before it stores: it would fail when that fails, and what it holds would be
 * brought back to where it is. Throws `SPW_ERR_OPTIONS`.
 */
export function refuseSharedFallback(failover: StorageOptions): void {
  const chain = chainOf(failover)
  chain.forEach((one, i) => {
    for (const other of chain.slice(0, i)) refuseShared(one, other)
  })
}

type Named = readonly [name: string, options: StorageOptions]

function chainOf(failover: StorageOptions, name = 'failover'): Named[] {
  const { fallback } = failover as { fallback?: StorageOptions }
  const rest = typeof fallback === 'object' ? chainOf(fallback, `${name}/fallback`) : []
  return [[name, failover], ...rest]
}

function refuseShared([name, options]: Named, [otherName, others]: Named): void {
  const place = placeOf(options)
  if (place === undefined || place.key !== placeOf(others)?.key) return
  const { option, what, value } = place
  throw new OptionsError(`${name}/${option} must be another ${what} than ${otherName}/${option}, got ${value} for both`)
}
