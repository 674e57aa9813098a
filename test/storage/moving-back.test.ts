import { expect } from 'chai'
import { type SinonFakeTimers, useFakeTimers } from 'sinon'
import { MovingBack } from '../../lib/storage/moving-back.ts'
import { NoStorage } from '../../lib/storage/unlasting-storage.ts'
import { failedDeliveries } from '../support/deliveries.ts'
import { MemoryStorage, storageFailure } from '../support/memory-storage.ts'

describe('MovingBack', () => {
  let clock: SinonFakeTimers
  beforeEach(() => (clock = useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })))
  afterEach(() => clock.restore())

  function rig() {
    const [first, fallback] = [new MemoryStorage(), new MemoryStorage()]
    const moved: number[] = []
    return { first, fallback, moved, back: new MovingBack([first, fallback], entries => void moved.push(entries)) }
  }

  it('brings back after a second what an earlier run left', async () => {
    const { first, fallback, moved } = rig()
    await fallback.append(failedDeliveries(3))
    await clock.tickAsync(999)
    expect(moved).to.deep.equal([])
    await clock.tickAsync(1)
    expect([moved, first.entries.length, fallback.entries.length]).to.deep.equal([[3], 3, 0])
  })

  it('leaves in a fallback what the first storage would not keep', async () => {
    const fallback = new MemoryStorage()
    await fallback.append(failedDeliveries(3))
    const back = new MovingBack([new NoStorage(), fallback], () => undefined)
    back.took(fallback)
    await clock.tickAsync(60_000)
    expect(fallback.entries).to.have.lengthOf(3)
  })

  it('touches the first storage only when there is something to bring back', async () => {
    const { first, fallback, moved } = rig()
    await clock.tickAsync(60_000)
    expect([first.appends, fallback.claims, moved]).to.deep.equal([[], 0, []])
  })

  it('brings back what a fallback took', async () => {
    const { first, fallback, moved, back } = rig()
    await clock.tickAsync(1_000)
    await fallback.append(failedDeliveries(2))
    back.took(fallback)
    await clock.tickAsync(5_000)
    expect([moved, first.entries.length]).to.deep.equal([[2], 2])
  })

  it('tries again every five seconds while the first storage fails, and loses nothing', async () => {
    const { first, fallback, moved, back } = rig()
    let tries = 0
    first.beforeAppend = () => {
      if (++tries < 4) throw storageFailure(true)
    }
    await fallback.append(failedDeliveries(2))
    back.took(fallback)
    await clock.tickAsync(1_000 + 2 * 5_000)
    expect([tries, moved, fallback.entries.length]).to.deep.equal([3, [], 2])
    await clock.tickAsync(5_000)
    expect([tries, moved, fallback.entries.length]).to.deep.equal([4, [2], 0])
  })

  it('does nothing any more after it was stopped', async () => {
    const { fallback, moved, back } = rig()
    await fallback.append(failedDeliveries(1))
    await back.stop()
    back.took(fallback)
    await clock.tickAsync(60_000)
    expect([moved, fallback.entries.length]).to.deep.equal([[], 1])
  })

  it('waits, when it is stopped, for the append that is under way', async () => {
    const { first, fallback, back } = rig()
    await fallback.append(failedDeliveries(1))
    let finish!: () => void
    first.beforeAppend = () => new Promise<void>(resolve => (finish = resolve))
    await clock.tickAsync(1_000)
    let isStopped = false
    const stopping = back.stop().then(() => (isStopped = true))
    await clock.tickAsync(0)
    expect(isStopped).to.equal(false)
    finish()
    await stopping
    expect(first.entries.length).to.equal(1)
  })
})
