import { expect } from 'chai'
import { entriesIn, failedAgain, failedDeliveries, idsOf } from '../../support/deliveries.ts'
import { HdfsRig } from './rig.ts'

describe('Versions in HdfsStorage', () => {
  const rig = new HdfsRig()

  it('reads nothing twice where all files have the same versions', async () => {
    const storage = rig.storage()
    const deliveries = failedDeliveries(3)
    await storage.append(deliveries.map(failedAgain))
    rig.fake.steps.length = 0
    expect(await entriesIn(storage)).to.have.length(3)
    expect(rig.fake.steps.filter(({ op }) => op === 'OPEN')).to.have.length(1)
  })

  it('gives the newest of three, in its place, and removes all three', async () => {
    const storage = rig.storage()
    const [first, second] = failedDeliveries(2)
    await storage.append([first!, second!])
    const again = failedAgain(first!)
    await storage.append([again])
    await storage.append([failedAgain(again)])
    const entries = await entriesIn(rig.storage(), { claim: true })
    expect(entries.map(({ id, version }) => [id, version])).to.deep.equal([
      [second!.id, 1],
      [first!.id, 3]
    ])
  })

  it('gives an entry that was appended anew in an older version than was removed', async () => {
    const storage = rig.storage()
    const [first, other] = failedDeliveries(2)
    await storage.append([failedAgain(first!), other!])
    await storage.remove((await entriesIn(storage)).filter(({ id }) => id === first!.id))
    await storage.append([first!])
    for (const reader of [storage, rig.storage()]) {
      expect(idsOf(await entriesIn(reader))).to.deep.equal([other!.id, first!.id])
    }
  })

  it('removes the older version in a file that another reader has claimed', async () => {
    const [one, two] = [rig.storage(), rig.storage()]
    const [first, second] = failedDeliveries(2)
    await one.append([first!, second!])
    await entriesIn(one, { claim: true })
    await one.append([failedAgain(first!)])
    const given = await entriesIn(two, { claim: true })
    expect(given.map(({ version }) => version)).to.deep.equal([2])
    await two.remove(given)
    expect(idsOf(await entriesIn(rig.storage()))).to.deep.equal([second!.id])
  })
})
