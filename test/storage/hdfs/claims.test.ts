import { expect } from 'chai'
import type { Entry, Storage } from '../../../lib/storage/storage.ts'
import { entriesIn, failedDeliveries, idsOf } from '../../support/deliveries.ts'
import { failure } from '../../support/storage-failure.ts'
import { until } from '../../support/waiting.ts'
import { HdfsRig } from './rig.ts'

describe('Claims in HdfsStorage', () => {
  const rig = new HdfsRig()

  /** A reading in the middle of a file of 20 entries, whose lease ended without its knowing. */
  async function lapsedReading(): Promise<{ storage: Storage; reading: AsyncIterator<Entry> }> {
    const storage = rig.storage({ lease: 1_000, timeout: 300 })
    await storage.append(failedDeliveries(20))
    const reading = storage.read({ claim: true })[Symbol.asyncIterator]()
    await reading.next()
    rig.fake.harm = ({ path }) => (path.includes('owners') ? 'drop' : undefined)
    await new Promise(resolve => setTimeout(resolve, 1_300))
    return { storage, reading }
  }

  it('of a reader whose lease ended without its knowing end its reading', async () => {
    const storage = rig.storage({ lease: 1_000, timeout: 500 })
    for (let i = 0; i < 4; i++) await storage.append(failedDeliveries(1))
    const given: string[] = []
    const error = await failure(
      (async () => {
        for await (const { id } of storage.read({ claim: true })) {
          given.push(id)
          // It cannot say any more that it lives.
          rig.fake.harm = ({ path }) => (path.includes('owners') ? 'drop' : undefined)
          await new Promise(resolve => setTimeout(resolve, 1_300))
        }
      })()
    )
    expect(error.message).to.include('what was claimed has lapsed')
    expect(error.retryable).to.equal(true)
    expect(given).to.have.length(1)
    rig.fake.harm = () => undefined
    expect(await entriesIn(storage, { claim: true })).to.have.length(4)
  }).timeout(10_000)

  it('of a reader whose lease ended end its reading in the middle of a file', async () => {
    const { reading } = await lapsedReading()
    expect((await failure(reading.next())).message).to.include('what was claimed has lapsed')
  }).timeout(10_000)

  it('that lapsed end each reading that had them, also when another one has begun since', async () => {
    const { storage, reading } = await lapsedReading()
    rig.fake.harm = () => undefined
    expect(await entriesIn(storage, { claim: true })).to.have.length(20)
    expect((await failure(reading.next())).message).to.include('what was claimed has lapsed')
  }).timeout(10_000)

  it("that lapsed while a file was being claimed are nobody's, whoever begins to read meanwhile", async () => {
    const storage = rig.storage({ lease: 1_000, timeout: 5_000 })
    await storage.append(failedDeliveries(20))
    let claim = (): void => {}
    const isToBeClaimed = new Promise<void>(resolve => (claim = resolve))
    let renames = 0
    let isSilent = false
    rig.fake.harm = async ({ op, path }) => {
      if (op === 'RENAME' && ++renames === 1) {
        isSilent = true
        await isToBeClaimed
      }
      return isSilent && path.includes('owners') ? 'drop' : undefined
    }
    const slow = storage.read({ claim: true })[Symbol.asyncIterator]()
    const first = slow.next()
    await until(() => isSilent)
    await new Promise(resolve => setTimeout(resolve, 1_300))
    isSilent = false
    const quick = storage.read({ claim: true })[Symbol.asyncIterator]()
    const second = await quick.next()
    claim()
    const given = [(await first).value, second.value].filter(entry => entry !== undefined)
    expect(given, 'given to two').to.have.length(1)
    await quick.return!()
    await slow.return!()
  }).timeout(10_000)

  it('end with their storage: a reading gives nothing that others can have by then', async () => {
    const [one, two] = [rig.storage(), rig.storage()]
    await one.append(failedDeliveries(20))
    const reading = one.read({ claim: true })[Symbol.asyncIterator]()
    await reading.next()
    await one.close()
    expect(await entriesIn(two, { claim: true })).to.have.length(20)
    expect((await failure(reading.next())).message).to.equal('The storage hdfs /failover/record was closed.')
  })

  it('that lapsed are not given back by those who had them, when they are claimed anew', async () => {
    const storage = rig.storage({ lease: 1_000, timeout: 500 })
    await storage.append(failedDeliveries(2))
    const old = await entriesIn(storage, { claim: true })
    rig.fake.harm = ({ path }) => (path.includes('owners') ? 'drop' : undefined)
    await new Promise(resolve => setTimeout(resolve, 1_300))
    rig.fake.harm = () => undefined
    expect(await entriesIn(storage, { claim: true })).to.have.length(2)
    for (const entry of old) entry.release!()
    await new Promise(resolve => setTimeout(resolve, 50))
    expect(await entriesIn(rig.storage(), { claim: true })).to.have.length(0)
  }).timeout(10_000)

  it('that a storage released are free for others', async () => {
    const [one, two] = [rig.storage(), rig.storage()]
    await one.append(failedDeliveries(2))
    const entries = await entriesIn(one, { claim: true })
    expect(await entriesIn(two, { claim: true })).to.have.length(0)
    for (const entry of entries) entry.release!()
    await one.close()
    expect(await entriesIn(two, { claim: true })).to.have.length(2)
  })

  it('that were released end in each place where a repeated append has left their entry', async () => {
    const deliveries = failedDeliveries(3)
    // Two processes: neither knows what the other one has.
    await rig.storage().append(deliveries)
    await rig.storage().append(deliveries)
    for await (const entry of rig.storage().read({ claim: true })) entry.release!()
    const two = rig.storage()
    const entries = await entriesIn(two, { claim: true })
    expect(idsOf(entries)).to.deep.equal(idsOf(deliveries))
    await two.remove(entries)
    expect(await entriesIn(rig.storage())).to.have.length(0)
  })

  it('let a file be read without a claim under whichever name it has', async () => {
    const [one, two] = [rig.storage(), rig.storage()]
    for (let i = 0; i < 14; i++) await one.append(failedDeliveries(2))
    const reading = two.read()[Symbol.asyncIterator]()
    const first = await reading.next()
    await entriesIn(one, { claim: true })
    const rest = []
    for (let next = await reading.next(); next.done !== true; next = await reading.next()) rest.push(next.value)
    expect(new Set(idsOf([first.value!, ...rest]))).to.have.property('size', 28)
  })

  it('of one who came later than a reading began are respected by it', async () => {
    const [one, two] = [rig.storage(), rig.storage()]
    for (let i = 0; i < 6; i++) await one.append(failedDeliveries(2))
    rig.fake.pageSize = 1
    const reading = two.read({ claim: true })[Symbol.asyncIterator]()
    await reading.next()
    const theirs = await entriesIn(one, { claim: true })
    let mine = 1
    while ((await reading.next()).done !== true) mine++
    expect(theirs.length).to.be.above(0)
    expect(mine + theirs.length).to.equal(12)
  })

  it('that change the name of a file at the turn of a page do not make it come twice', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(1))
    await storage.append(failedDeliveries(1))
    const [first] = rig.fake.files('/failover/record/2')
    rig.fake.pageSize = 1
    let opens = 0
    let turned = 0
    const rename = (path: string): void => {
      rig.fake.nodes.set(`${path}~0123456789abcdef`, rig.fake.nodes.get(path)!)
      rig.fake.nodes.delete(path)
    }
    rig.fake.harm = ({ op, path, query }) => {
      if (op === 'OPEN data' && rig.fake.nodes.has(path)) opens++
      const isTurn = op === 'LISTSTATUS_BATCH' && first!.endsWith(`/${query.get('startAfter')}`)
      // The survey turns it first.
      if (isTurn && ++turned === 2) rename(first!)
      return undefined
    }
    expect(await entriesIn(storage)).to.have.length(2)
    expect(opens).to.equal(2)
  })

  it('see what the one before has removed', async () => {
    const [one, two] = [rig.storage(), rig.storage()]
    for (let i = 0; i < 6; i++) await one.append(failedDeliveries(2))
    const reading = two.read({ claim: true })[Symbol.asyncIterator]()
    await reading.next()
    // The first has all the others, settles one of each and gives them back.
    const entries = await entriesIn(one, { claim: true })
    await one.remove(entries.filter((_, i) => i % 2 === 0))
    await one.close()
    let given = 1
    while ((await reading.next()).done !== true) given++
    const settled = entries.filter((_, i) => i % 2 === 0).length
    expect(given + settled).to.equal(12)
  })
})
