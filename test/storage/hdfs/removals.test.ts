import { expect } from 'chai'
import { line, lineOf } from '../../../lib/storage/file/line.ts'
import { seedOf } from '../../../lib/storage/hdfs/file-name.ts'
import type { Entry } from '../../../lib/storage/storage.ts'
import { entriesIn, failedAgain, failedDeliveries, idsOf, textsIn } from '../../support/deliveries.ts'
import { remote } from '../../support/fake-web-hdfs.ts'
import { failure } from '../../support/storage-failure.ts'
import { HdfsRig } from './rig.ts'

describe('Removals from HdfsStorage', () => {
  const rig = new HdfsRig()

  const data = (): string[] => rig.fake.files('/failover/record/2')
  const removed = (): string[] => rig.fake.files('/failover/record/_spillway/removed')

  it('writes one small file for a group, and deletes it with the file that it speaks of', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(10))
    const entries = await entriesIn(storage, { claim: true })
    await storage.remove(entries.slice(0, 4))
    expect([data().length, removed().length]).to.deep.equal([1, 1])
    await storage.remove(entries.slice(4, 6))
    expect([data().length, removed().length]).to.deep.equal([1, 2])
    await storage.remove(entries.slice(6))
    expect([data().length, removed().length]).to.deep.equal([0, 0])
  })

  it('needs no file of removals where all of a data file is settled at once', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(3))
    await storage.append(failedDeliveries(3))
    rig.fake.steps.length = 0
    await storage.remove(await entriesIn(storage, { claim: true }))
    expect(data()).to.have.length(0)
    expect(rig.fake.steps.some(({ op, path }) => op === 'CREATE' && path.includes('removed'))).to.equal(false)
  })

  it('merges those of two storages, and the next replay deletes what is settled by both', async () => {
    const [one, two] = [rig.storage(), rig.storage()]
    await one.append(failedDeliveries(4))
    const [mine, theirs] = [await entriesIn(one), await entriesIn(two)]
    await one.remove(mine.slice(0, 2))
    await two.remove(theirs.slice(1, 3))
    expect(await textsIn(rig.storage())).to.deep.equal(['record 3'])
    await two.remove(theirs.slice(3))
    await entriesIn(rig.storage(), { claim: true })
    await entriesIn(rig.storage(), { claim: true })
    expect([data(), removed()]).to.deep.equal([[], []])
  })

  it('passes over a file of removals that was cut', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(3))
    const entries = await entriesIn(storage)
    await storage.remove(entries.slice(0, 1))
    const [path] = removed()
    const { bytes } = rig.fake.nodes.get(path!)!
    rig.fake.put(`${path}0`, bytes!.subarray(0, -5).toString().replace('cells":[', 'cells":[1,'))
    expect(await textsIn(rig.storage())).to.deep.equal(['record 1', 'record 2'])
  })

  for (const text of [
    'null',
    '[]',
    '{"file":1,"cells":[1]}',
    '{"file":"x","cells":"1"}',
    '{"file":"x","cells":[-1,1e12]}'
  ]) {
    it(`passes over a line that says ${text}, and keeps it`, async () => {
      const path = `/failover/record/_spillway/removed/${'ab'.repeat(12)}`
      const storage = rig.storage()
      await storage.append(failedDeliveries(60))
      rig.fake.put(path, lineOf(text, 0).toString())
      const entries = await entriesIn(storage)
      for (const entry of entries.slice(0, 40)) await storage.remove([entry])
      expect(await entriesIn(rig.storage(), { claim: true })).to.have.length(20)
      // Those that are understood were put together.
      expect(removed()).to.have.length(2).and.include(path)
    })
  }

  it('rejects when one is listed and is not to be read', async () => {
    const path = `/failover/record/_spillway/removed/${'ab'.repeat(12)}`
    rig.fake.put(path, lineOf('{"file":"x","cells":[1]}', 0).toString())
    rig.fake.harm = ({ op, path: asked }) =>
      op === 'OPEN' && asked === path ? remote('FileNotFoundException', 'gone') : undefined
    const error = await failure(entriesIn(rig.storage()))
    expect(error.message).to.include(path)
    expect(error.retryable).to.equal(true)
  })

  it('looks again for one that was put together with others before it was read', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(3))
    const entries = await entriesIn(storage)
    await storage.remove(entries.slice(0, 1))
    const [path] = removed()
    rig.fake.harm = ({ op, path: asked }) => {
      if (op !== 'OPEN' || asked !== path) return undefined
      rig.fake.nodes.set(`${path.slice(0, -1)}x`, rig.fake.nodes.get(path)!)
      rig.fake.nodes.delete(path)
      return remote('FileNotFoundException', 'gone')
    }
    expect(await entriesIn(rig.storage())).to.have.length(2)
  })

  it('puts many small files together', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(60))
    const entries = await entriesIn(storage)
    for (const entry of entries.slice(0, 40)) await storage.remove([entry])
    expect(removed()).to.have.length(40)
    const other = rig.storage()
    expect(await entriesIn(other, { claim: true })).to.have.length(20)
    expect(removed()).to.have.length(1)
    expect(await entriesIn(rig.storage())).to.have.length(20)
  })

  it('removes an entry in each place where a repeated append has left it', async () => {
    const deliveries = failedDeliveries(3)
    // Two processes: neither knows what the other one has.
    await rig.storage().append(deliveries)
    await rig.storage().append(deliveries)
    const storage = rig.storage()
    const given = []
    for await (const entry of storage.read({ claim: true })) {
      given.push(entry)
      await storage.remove([entry])
    }
    expect(idsOf(given)).to.deep.equal(idsOf(deliveries))
    expect(await entriesIn(rig.storage())).to.have.length(0)
    expect(data()).to.have.length(0)
  })

  it('takes older versions with the newest, also those that stand behind it since a clock was set', async () => {
    const [delivery] = failedDeliveries(1)
    const storage = rig.storage()
    await storage.append([delivery!])
    const [first] = data()
    await storage.append([failedAgain(delivery!)])
    const node = rig.fake.nodes.get(first!)!
    // The same file as one whose clock was an hour ahead has named it.
    const name = first!.slice(first!.lastIndexOf('/') + 1)
    const late = `${first!.slice(0, -name.length)}${Number(name.slice(0, 13)) + 3_600_000}${name.slice(13)}`
    rig.fake.nodes.delete(first!)
    rig.fake.put(late, '')
    rig.fake.nodes.set(late, { ...node, bytes: resealed(node.bytes!, late) })
    for (const isRemovedAtOnce of [false, true]) {
      const reader = rig.storage()
      const given: Entry[] = []
      for await (const entry of reader.read()) {
        given.push(entry)
        if (isRemovedAtOnce) await reader.remove([entry])
      }
      expect(given.map(({ version }) => version)).to.deep.equal([2])
      if (!isRemovedAtOnce) continue
      expect(await entriesIn(rig.storage())).to.have.length(0)
    }
  })

  it('hold for another reader of the same storage that has the file in memory already', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(6))
    const slow = storage.read({ claim: true })[Symbol.asyncIterator]()
    const first = await slow.next()
    const rest = await entriesIn(storage, { claim: true })
    await storage.remove([first.value as Entry, ...rest])
    expect(data()).to.have.length(0)
    expect((await slow.next()).done).to.equal(true)
  })

  it('are repeated when the deletion of the file failed', async () => {
    const storage = rig.storage({ timeout: 300 })
    await storage.append(failedDeliveries(2))
    const entries = await entriesIn(storage, { claim: true })
    rig.fake.harm = ({ op }) => (op === 'DELETE' ? 'drop' : undefined)
    expect((await failure(storage.remove(entries))).retryable).to.equal(true)
    rig.fake.harm = () => undefined
    await storage.remove(entries)
    expect(await entriesIn(rig.storage())).to.have.length(0)
  })

  it('that are just being written by another one are read once they are', async () => {
    const [one, two] = [rig.storage(), rig.storage()]
    await one.append(failedDeliveries(3))
    const entries = await entriesIn(one)
    await one.remove(entries.slice(0, 1))
    const [path] = removed()
    const { bytes } = rig.fake.nodes.get(path!)!
    // As HDFS shows a file that is not closed.
    rig.fake.put(path!, '')
    expect(await entriesIn(two, { claim: true })).to.have.length(3)
    expect(removed()).to.deep.equal([path])
    rig.fake.nodes.set(path!, { bytes, at: rig.fake.now() })
    expect(await entriesIn(two)).to.have.length(2)
  })

  it('rejects when it cannot be written down, and the entries stay', async () => {
    const storage = rig.storage({ timeout: 300 })
    await storage.append(failedDeliveries(2))
    const [first] = await entriesIn(storage)
    rig.fake.harm = ({ op }) => (op === 'CREATE' ? 'drop' : undefined)
    expect((await failure(storage.remove([first!]))).retryable).to.equal(true)
    rig.fake.harm = () => undefined
    expect(await entriesIn(storage)).to.have.length(2)
    await storage.remove([first!])
    expect(await entriesIn(storage)).to.have.length(1)
  })
})

/** The only line of a data file, as it stands in the file of this path. */
function resealed(bytes: Buffer, path: string): Buffer {
  return lineOf(bytes.toString('utf8', line.head, bytes.length - 1), seedOf(path.slice(path.lastIndexOf('/') + 1)))
}
