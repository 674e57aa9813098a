import { createHash } from 'node:crypto'
import type { Delivery } from '../../../lib/delivery.ts'
import { recordsOf } from '../../../lib/storage/envelope.ts'
import type { Entry, Storage } from '../../../lib/storage/storage.ts'
import { entriesIn, failedDelivery } from '../../support/deliveries.ts'

const known = new Map<string, string>()

/** The one record of the delivery with this id: whoever knows the id knows whether the record is right. */
export function recordOf(id: string): string {
  const record = known.get(id) ?? newRecord(id)
  if (known.size > 10_000) known.clear()
  known.set(id, record)
  return record
}

function newRecord(id: string): string {
  const hash = createHash('sha1').update(id).digest()
  const length = hash.readUInt16LE(0) % 900
  return `${id} ${hash.toString('hex').repeat(1 + length / 40)} äß€😀`.slice(0, 8 + length)
}

export function deliveryOf(id: string, version = 1): Delivery {
  return failedDelivery([recordOf(id)], { id, version: version - 1, priorAttempts: version - 1, acceptedAt: 1 })
}

/**
 * What somebody who used a storage said, line by line, before each call and after it: `asked`, `kept`, `removing`, `removed`,
 * each with keys `id:version`.
 */
export class Testimony {
  /** The highest version of an id that an append was asked for, and the highest that one resolved for. */
  readonly asked = new Map<string, number>()
  readonly kept = new Map<string, number>()
  readonly removing = new Set<string>()
  readonly removed = new Set<string>()

  constructor(lines: readonly string[] = []) {
    for (const line of lines) this.hear(line)
  }

  hear(line: string): void {
    const [what, ...keys] = line.split(' ')
    for (const key of keys) {
      const [id = '', version = ''] = key.split(':')
      if (what === 'asked') this.asked.set(id, Math.max(Number(version), this.asked.get(id) ?? 0))
      else if (what === 'kept') this.kept.set(id, Math.max(Number(version), this.kept.get(id) ?? 0))
      else if (what === 'removing') this.removing.add(id)
      else if (what === 'removed') this.removed.add(id)
    }
  }

  /** What is wrong with what a storage gives. `comesBack`: whether a removal may be forgotten. */
  faultsOf(entries: readonly Entry[], comesBack: boolean): string[] {
    const given = new Map(entries.map(entry => [entry.id, entry]))
    const faults = entries.length === given.size ? [] : [`${entries.length - given.size} ids were given more than once`]
    for (const [id, version] of this.kept) {
      if (!this.removing.has(id) && (given.get(id)?.version ?? 0) < version) faults.push(`${id}:${version} is lost`)
    }
    for (const entry of entries) faults.push(...this.#faultsOf(entry, comesBack))
    return faults
  }

  #faultsOf({ id, version, envelope }: Entry, comesBack: boolean): string[] {
    const faults: string[] = []
    if (version > (this.asked.get(id) ?? 0)) faults.push(`${id}:${version} was never appended`)
    if (recordsOf(envelope).join() !== recordOf(id)) faults.push(`${id}:${version} has another record`)
    if (!comesBack && this.removed.has(id)) faults.push(`${id}:${version} was removed and came back`)
    return faults
  }
}

/** What is wrong when one goes on with a storage: it takes more, gives all up, and is empty after that. */
export async function faultsGoingOn(create: () => Storage): Promise<string[]> {
  const storage = create()
  await storage.append([deliveryOf('fresh')])
  const entries = await entriesIn(storage, { claim: true })
  await storage.remove(entries)
  await storage.close()
  const faults = entries.some(({ id }) => id === 'fresh') ? [] : ['the storage does not give what it took afterwards']
  const left = await entriesIn(create())
  return left.length === 0 ? faults : [...faults, `${left.length} entries cannot be removed afterwards`]
}
