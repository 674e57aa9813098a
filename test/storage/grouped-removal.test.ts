import { expect } from 'chai'
import { Delivery } from '../../lib/delivery.ts'
import { GroupedRemoval } from '../../lib/storage/grouped-removal.ts'
import type { Entry } from '../../lib/storage/storage.ts'
import { MemoryStorage, storageFailure } from '../support/memory-storage.ts'
import { paused } from '../support/waiting.ts'

async function filled(count: number): Promise<{ storage: MemoryStorage; entries: Entry[]; removal: GroupedRemoval }> {
  const storage = new MemoryStorage()
  await storage.append(Array.from({ length: count }, (_, i) => new Delivery([String(i)])))
  return { storage, entries: storage.entries, removal: new GroupedRemoval(storage) }
}

describe('GroupedRemoval', () => {
  it('removes what comes in one turn of the event loop in one call', async () => {
    const { storage, entries, removal } = await filled(10)
    await Promise.all(entries.map(entry => removal.remove(entry)))
    expect(storage.removals.map(({ length }) => length)).to.deep.equal([10])
    expect(storage.entries).to.deep.equal([])
  })

  it('removes what comes while a removal runs in the next call', async () => {
    const { storage, entries, removal } = await filled(10)
    storage.beforeRemove = () => paused(10)
    const first = removal.remove(entries[0]!)
    await paused(3)
    await Promise.all([first, ...entries.slice(1).map(entry => removal.remove(entry))])
    expect(storage.removals.map(({ length }) => length)).to.deep.equal([1, 9])
  })

  it('resolves only when the entry is removed', async () => {
    const { storage, entries, removal } = await filled(1)
    storage.beforeRemove = () => paused(5)
    await removal.remove(entries[0]!)
    expect(storage.entries).to.deep.equal([])
  })

  it('rejects for those whose removal failed, and goes on', async () => {
    const { storage, entries, removal } = await filled(2)
    storage.beforeRemove = () => {
      throw storageFailure(false)
    }
    const failure = await removal.remove(entries[0]!).catch((error: unknown) => error)
    expect(failure).to.include({ code: 'SPW_ERR_STORAGE' })
    storage.beforeRemove = () => {}
    await removal.remove(entries[1]!)
    expect(storage.entries).to.have.length(1)
  })

  it('is idle when nothing is under way, even after a failure', async () => {
    const { storage, entries, removal } = await filled(1)
    await removal.idle()
    storage.beforeRemove = async () => {
      await paused(5)
      throw storageFailure(false)
    }
    let over = false
    removal.remove(entries[0]!).catch(() => (over = true))
    await removal.idle()
    await paused(0)
    expect(over).to.equal(true)
  })
})
