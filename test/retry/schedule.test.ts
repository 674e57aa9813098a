import { expect } from 'chai'
import fc from 'fast-check'
import { createSandbox } from 'sinon'
import { Schedule } from '../../lib/retry/schedule.ts'

describe('Schedule', () => {
  const sandbox = createSandbox()
  let clock: ReturnType<typeof sandbox.useFakeTimers>
  beforeEach(() => (clock = sandbox.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })))
  afterEach(() => sandbox.restore())

  it('rings each in its time, and those of one time in the order in which they came', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }), delays => {
        const rung: number[] = []
        const schedule = new Schedule<number>(item => rung.push(item))
        delays.forEach((delay, i) => schedule.add(i, delay))
        clock.tick(100)
        const expected = delays.map((delay, i) => ({ delay, i })).sort((a, b) => a.delay - b.delay || a.i - b.i)
        expect(rung).to.deep.equal(expected.map(({ i }) => i))
        expect(schedule.length).to.equal(0)
      })
    )
  })

  it('rings none before its time', () => {
    const rung: string[] = []
    const schedule = new Schedule<string>(item => rung.push(item))
    schedule.add('late', 100)
    schedule.add('soon', 10)
    clock.tick(9)
    expect(rung).to.deep.equal([])
    clock.tick(2)
    expect(rung).to.deep.equal(['soon'])
    clock.tick(88)
    expect(rung).to.deep.equal(['soon'])
    clock.tick(2)
    expect(rung).to.deep.equal(['soon', 'late'])
  })

  it('asks for no longer timer than Node has', () => {
    const asked: number[] = []
    const { setTimeout } = globalThis
    sandbox.stub(globalThis, 'setTimeout').callsFake(((ring: () => void, wait: number) => {
      asked.push(wait)
      return setTimeout(ring, wait)
    }) as typeof setTimeout)
    const rung: string[] = []
    const schedule = new Schedule<string>(item => rung.push(item))
    schedule.add('late', 2 ** 31 + 5_000)
    clock.tick(2 ** 31)
    expect(rung).to.deep.equal([])
    clock.tick(5_001)
    expect(rung).to.deep.equal(['late'])
    expect(asked).to.deep.equal([2 ** 31 - 1, 5_001])
  })

  it('takes what is added while it rings', () => {
    const rung: number[] = []
    const schedule: Schedule<number> = new Schedule(item => {
      rung.push(item)
      if (item < 3) schedule.add(item + 1, 10)
    })
    schedule.add(1, 10)
    clock.tick(50)
    expect(rung).to.deep.equal([1, 2, 3])
  })

  it('gives out what is meant, and rings the rest', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 }), delays => {
        const rung: number[] = []
        const schedule = new Schedule<number>(item => rung.push(item))
        delays.forEach((delay, i) => schedule.add(i, delay))
        const removed = schedule.remove(i => i % 2 === 0)
        clock.tick(100)
        expect(removed.sort((a, b) => a - b)).to.deep.equal([...delays.keys()].filter(i => i % 2 === 0))
        expect(rung.sort((a, b) => a - b)).to.deep.equal([...delays.keys()].filter(i => i % 2 === 1))
      })
    )
  })

  it('keeps no timer when nothing waits', () => {
    const schedule = new Schedule<number>(() => {})
    schedule.add(1, 1000)
    expect(clock.countTimers()).to.equal(1)
    schedule.remove(() => true)
    expect(clock.countTimers()).to.equal(0)
  })

  it('waits longer than the longest timer', () => {
    const rung: number[] = []
    const schedule = new Schedule<number>(item => rung.push(item))
    schedule.add(1, 2 ** 31 + 1000)
    clock.tick(2 ** 31 + 900)
    expect(rung).to.deep.equal([])
    clock.tick(200)
    expect(rung).to.deep.equal([1])
  })
})
