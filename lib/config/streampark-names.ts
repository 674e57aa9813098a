import { namesIn } from './pointer.ts'
import { failoverKeys, storageSections, thresholdKeys } from './streampark-keys.ts'

/**
 * StreamPark's key for an option of ours, as it stands in the file: from `origins`, or, of one that is not there, as it would
 * stand beside the others.
 */
export function keyFor(pointer: string, origins: ReadonlyMap<string, string>, storage: unknown): string | undefined {
  const origin = origins.get(pointer)
  if (origin !== undefined) return dotted(origin)
  const [section, option] = namesIn(pointer)
  const beside = dotted(origins.get('/failover/storage') ?? '')
  // The keys may stand alone.
  const isFlat = beside === 'storage'
  const root = beside.replace(/failover\.storage$/, '')
  if (section !== 'failover') {
    if (!Object.hasOwn(thresholdKeys, option!)) return undefined
    return isFlat ? option : `${root}threshold.${option}`
  }
  if (isFlat) return option
  const [own] = Object.hasOwn(failoverKeys, option!) ? [] : (storageSections[String(storage)] ?? [])
  return `${root}failover.${own === undefined ? '' : `${own}.`}${option}`
}

const dotted = (pointer: string): string => namesIn(pointer).join('.')
