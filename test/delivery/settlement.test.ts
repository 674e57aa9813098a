import { expect } from 'chai'
import { gathered, type Outcome, type SettleHook, Settlement } from '../../lib/delivery/settlement.ts'

describe('Settlement', () => {
  it('runs all hooks with the outcome, once', () => {
    const told: string[] = []
    const settlement = new Settlement()
    settlement.add(outcome => void told.push(`a ${outcome}`))
    settlement.add(outcome => void told.push(`b ${outcome}`))
    void settlement.settle('stored')
    void settlement.settle('delivered')
    expect(told).to.deep.equal(['a stored', 'b stored'])
    expect(settlement.outcome).to.equal('stored')
  })

  it('makes no promise where there is nothing to wait for', () => {
    const settlement = new Settlement()
    settlement.add(() => {})
    expect(settlement.settle('delivered')).to.equal(undefined)
  })

  it('waits for what can be waited for, whatever else a hook gives', async () => {
    const settled = (hook: unknown): Promise<void> | undefined => {
      const settlement = new Settlement()
      settlement.add(hook as SettleHook)
      return settlement.settle('delivered')
    }
    for (const given of [1, 'text', null, { then: 1 }]) expect(settled(() => given)).to.equal(undefined)
    let isAwaited = false
    await settled(() => ({ then: (done: () => void) => ((isAwaited = true), done()) }))
    expect(isAwaited).to.equal(true)
  })

  it('runs the other hooks when one throws', async () => {
    let ran = false
    const settlement = new Settlement()
    settlement.add(() => {
      throw new Error('mine')
    })
    settlement.add(() => void (ran = true))
    const failure = await settlement.settle('delivered')!.catch((error: unknown) => error)
    expect(failure).to.be.an('error')
    expect(ran).to.equal(true)
  })
})

describe('gathered', () => {
  it('settles with the worst once all parts are known', () => {
    const settled: Outcome[] = []
    const hook = gathered(3, outcome => void settled.push(outcome))
    void hook('stored')
    void hook('abandoned')
    expect(settled).to.deep.equal([])
    void hook('delivered')
    expect(settled).to.deep.equal(['abandoned'])
  })
})
