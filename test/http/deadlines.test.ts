import { expect } from 'chai'
import { createSandbox } from 'sinon'
import { Deadlines, type Timed } from '../../lib/http/deadlines.ts'

describe('Deadlines', () => {
  const sandbox = createSandbox()
  let clock: ReturnType<typeof sandbox.useFakeTimers>
  let expired: string[]
  // The second look is a turn of the event loop later, which the clock may count.
  const expectExpired = (...expected: Array<[string, number]>): void => {
    expect(expired.map(word => word.split(' ')[0])).to.deep.equal(expected.map(([name]) => name))
    expired.forEach((word, i) =>
      expect(Number(word.split(' ')[1]), word).to.be.within(expected[i]![1], expected[i]![1] + 2)
    )
  }
  beforeEach(() => {
    expired = []
    clock = sandbox.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance']
    })
  })
  afterEach(() => sandbox.restore())

  function timed(name: string, act: () => void = () => {}): Timed {
    const expire = (): void => {
      expired.push(`${name} ${clock.now}`)
      act()
    }
    return { expiresAt: 0, previous: undefined, next: undefined, expire }
  }

  it('expires each once its time is over', () => {
    const deadlines = new Deadlines(100)
    deadlines.add(timed('a'))
    clock.tick(30)
    deadlines.add(timed('b'))
    clock.tick(300)
    expectExpired(['a', 100], ['b', 130])
  })

  it('expires none that was removed, wherever it stood', () => {
    const deadlines = new Deadlines(100)
    const all = ['a', 'b', 'c', 'd', 'e'].map(name => timed(name))
    for (const one of all) deadlines.add(one)
    for (const i of [0, 2, 4]) deadlines.remove(all[i]!)
    expect(deadlines.all()).to.deep.equal([all[1], all[3]])
    clock.tick(300)
    expectExpired(['b', 100], ['d', 100])
  })

  it('removes one that is in no list without harm', () => {
    const deadlines = new Deadlines(100)
    const one = timed('a')
    deadlines.remove(one)
    deadlines.add(one)
    deadlines.remove(one)
    deadlines.remove(one)
    expect(deadlines.all()).to.deep.equal([])
  })

  it('keeps the time of the next one when an expiry makes room for another', () => {
    const deadlines = new Deadlines(100)
    deadlines.add(timed('a', () => deadlines.add(timed('c'))))
    clock.tick(30)
    deadlines.add(timed('b'))
    clock.tick(300)
    expectExpired(['a', 100], ['b', 130], ['c', 200])
  })

  it('keeps the time of the next one when another comes between the timer and the second look', () => {
    const deadlines = new Deadlines(100)
    deadlines.add(timed('a'))
    clock.tick(30)
    deadlines.add(timed('b'))
    // Fires with the deadline's own timer, after it, and before the second look.
    setTimeout(() => deadlines.add(timed('c')), 70)
    clock.tick(300)
    expectExpired(['a', 100], ['b', 130], ['c', 200])
  })

  it('P12 gives the answers that are there one poll phase after a stall', () => {
    const deadlines = new Deadlines(100)
    const answered = timed('answered')
    const silent = timed('silent')
    deadlines.add(answered)
    deadlines.add(silent)
    // The loop stalls: the timer fires late, and the answer is read in the poll phase behind it.
    setTimeout(() => deadlines.remove(answered), 100)
    clock.tick(100)
    clock.tick(2)
    expectExpired(['silent', 100])
  })

  it('keeps no process alive for an empty list, and does for one that is not', () => {
    sandbox.restore()
    const before = process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length - before
    const deadlines = new Deadlines(60_000)
    const one = timed('a')
    deadlines.add(one)
    expect(timers()).to.equal(1)
    deadlines.remove(one)
    expect(timers()).to.equal(0)
    deadlines.add(one)
    expect(timers()).to.equal(1)
    deadlines.remove(one)
  })
})
