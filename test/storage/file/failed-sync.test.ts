import { expect } from 'chai'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { CrashStates } from '../../machines/simulated-disk/crash-states.ts'
import { type Event, RecordingDisk } from '../../machines/simulated-disk/recording-disk.ts'
import { FolderInMemory } from '../../machines/support/folder-in-memory.ts'
import { failedDeliveries, textsIn } from '../../support/deliveries.ts'
import { failure } from '../../support/storage-failure.ts'

const path = '/simulated'
const storageOn = (disk: RecordingDisk): FileStorage => FileStorage.on(disk, { path, segmentBytes: 4_096 })

/** What is given after the power went, of what was not made durable nothing. */
async function textsAfterPowerLoss(events: readonly Event[]): Promise<string[]> {
  const states = new CrashStates(new Map())
  for (const event of events) states.take(event)
  const files = [...states.left(() => 0)].map(([name, bytes]) => [name.slice(path.length + 1), bytes] as const)
  const disk = new FolderInMemory(new Map(files))
  return textsIn(FileStorage.on(disk, { path: disk.path }))
}

describe('file storage after a process that died when a sync had failed', () => {
  const [first, second] = [failedDeliveries(2, 'first'), failedDeliveries(2, 'second')]

  /** What such a process did: the second append was written, and is taken for clean, but is not on the disk. */
  async function ofTheDead(): Promise<Event[]> {
    const disk = new RecordingDisk()
    const storage = storageOn(disk)
    await storage.append(first)
    disk.syncsBeforeFailure = 1
    await storage.append(second)
    const died = disk.events.findIndex(({ what }) => what === 'failedSync') + 1
    expect(died).to.be.above(0)
    return disk.events.slice(0, died)
  }

  const writes = (disk: RecordingDisk): number => disk.events.filter(({ what }) => what === 'write').length

  it('T14 keeps what is appended again, though it seems to be there', async () => {
    const disk = new RecordingDisk(new Map(), await ofTheDead())
    const storage = storageOn(disk)
    await storage.append(second)
    const wanted = ['first 0', 'first 1', 'second 0', 'second 1']
    expect(await textsIn(storage), 'each once').to.deep.equal(wanted)
    expect(await textsAfterPowerLoss(disk.events)).to.deep.equal(wanted)
  })

  it('T14 keeps it too when the one after that has begun another segment, and died', async () => {
    const disk = new RecordingDisk(new Map(), await ofTheDead())
    const storage = storageOn(disk)
    const long = 'long'.repeat(1_000)
    for (const text of [long, 'third']) await storage.append(failedDeliveries(1, text))
    const next = new RecordingDisk(new Map(), disk.events)
    await storageOn(next).append(second)
    const wanted = ['first 0', 'first 1', 'second 0', 'second 1', `${long} 0`, 'third 0']
    expect(await textsAfterPowerLoss(next.events)).to.deep.equal(wanted)
  })

  it('writes it anew once, and only when it is appended again', async () => {
    const disk = new RecordingDisk(new Map(), await ofTheDead())
    const storage = storageOn(disk)
    const before = writes(disk)
    await storage.append(failedDeliveries(1, 'other'))
    expect(writes(disk) - before).to.equal(1)
    await storage.append(second)
    expect(writes(disk) - before).to.equal(2)
    for (let i = 0; i < 2; i++) await storage.append([...first, ...second])
    expect(writes(disk) - before).to.equal(2)
  })

  it('takes nothing for stored that cannot be made durable', async () => {
    const disk = new RecordingDisk(new Map(), await ofTheDead())
    const storage = storageOn(disk)
    await storage.open()
    disk.syncsBeforeFailure = 1
    const error = await failure(storage.append(second))
    expect(error.message).to.include(path)
    expect(error.retryable).to.equal(true)
    await storage.append(second)
    expect(await textsAfterPowerLoss(disk.events)).to.deep.equal(['first 0', 'first 1', 'second 0', 'second 1'])
  })
})
