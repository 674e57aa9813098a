import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import type { Delivery } from '../../../lib/delivery.ts'
import { recordsOf } from '../../../lib/storage/envelope.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { entriesIn, failedAgain, failedDelivery } from '../../support/deliveries.ts'
import { damageNotices } from './notices.ts'
import { SimulatedDisk } from './simulated-disk.ts'

const path = '/simulated'
const segmentBytes = 4096

/** Numbers that are the same for the same seed. */
function chanceOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What was asked of a storage, and what it said. */
class Ledger {
  readonly asked = new Map<string, Delivery>()
  readonly acknowledged = new Map<string, number>()
  readonly removedByUs = new Set<string>()
}

const versionOf = ({ version }: Delivery): number => version + 1

async function appendSome(storage: FileStorage, ledger: Ledger, chance: () => number): Promise<void> {
  const again = [...ledger.asked.values()].filter(() => chance() < 0.1).map(failedAgain)
  const fresh = Array.from({ length: 1 + Math.floor(chance() * 6) }, () => failedDelivery(['x'.repeat(chance() * 900)]))
  const deliveries = [...fresh, ...again.filter(({ id }) => !ledger.removedByUs.has(id))]
  for (const delivery of deliveries) ledger.asked.set(delivery.id, delivery)
  await storage.append(deliveries)
  for (const delivery of deliveries) ledger.acknowledged.set(delivery.id, versionOf(delivery))
}

async function removeSome(storage: FileStorage, ledger: Ledger, chance: () => number): Promise<void> {
  const entries = (await entriesIn(storage, { claim: true })).filter(entry => {
    if (chance() < 0.6) return true
    entry.release?.()
    return false
  })
  for (const { id } of entries) {
    ledger.removedByUs.add(id)
    ledger.asked.delete(id)
  }
  await storage.remove(entries)
}

/** Works until the power goes; returns what was asked until then. */
async function work(disk: SimulatedDisk, ledger: Ledger, chance: () => number): Promise<void> {
  const storage = FileStorage.on(disk, { path, segmentBytes })
  try {
    for (let i = 0; i < 12; i++) await (chance() < 0.7 ? appendSome : removeSome)(storage, ledger, chance)
    await storage.close()
  } catch (error) {
    if ((error as { code?: string }).code !== 'SPW_ERR_STORAGE') throw error
    await storage.close().catch(() => {})
  }
}

/** What is wrong with what is left. */
async function faultsOf(disk: SimulatedDisk, ledger: Ledger): Promise<string[]> {
  const storage = FileStorage.on(disk, { path, segmentBytes })
  const found = new Map((await entriesIn(storage, { claim: true })).map(entry => [entry.id, entry]))
  const faults: string[] = []
  for (const [id, version] of ledger.acknowledged) {
    if (ledger.removedByUs.has(id)) continue
    if ((found.get(id)?.version ?? 0) < version) faults.push(`${id} was acknowledged and is lost`)
  }
  for (const { id, envelope, version } of found.values()) {
    const delivery = ledger.asked.get(id)
    if (delivery === undefined || versionOf(delivery) !== version) continue
    if (!isDeepStrictEqual(recordsOf(envelope), delivery.records)) faults.push(`${id} has other records`)
  }
  await storage.close()
  return faults
}

async function faultsAfter(seed: number, disk: SimulatedDisk): Promise<string[]> {
  const chance = chanceOf(seed)
  const ledger = new Ledger()
  for (let round = 0; round < 3; round++) {
    disk.callsLeft = Math.floor(chance() * 120)
    await work(disk, ledger, chance)
    disk.losePower(chance)
  }
  return faultsOf(disk, ledger)
}

describe('file storage and the loss of power', () => {
  damageNotices()

  it('T14 T24 T25 T26 keeps all that was acknowledged, whenever the power goes and whichever sectors it takes', async () => {
    for (let seed = 1; seed <= 300; seed++) {
      expect(await faultsAfter(seed, new SimulatedDisk()), `seed ${seed}`).to.deep.equal([])
    }
  }).timeout(60_000)

  it('loses some on a disk that only says that it syncs, so that this test proves something', async () => {
    let lost = 0
    for (let seed = 1; seed <= 20; seed++) {
      const disk = new SimulatedDisk()
      disk.isLying = true
      lost += (await faultsAfter(seed, disk)).length
    }
    expect(lost).to.be.above(20)
  })
})
