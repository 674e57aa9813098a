import { expect } from 'chai'
import { Settling } from '../../lib/delivery/settling.ts'

describe('Settling', () => {
  it('counts what waits for its hooks until they have come back', async () => {
    let release = (): void => {}
    const settling = new Settling()
    const failures: unknown[] = []
    settling.add(new Promise(resolve => (release = resolve)), 3, 30, error => failures.push(error))
    settling.add(Promise.reject(new Error('mine')), 1, 10, error => failures.push(error))
    expect(settling).to.include({ records: 4, bytes: 40 })
    await new Promise(resolve => setImmediate(resolve))
    expect(settling).to.include({ records: 3, bytes: 30 })
    release()
    await settling.idle()
    expect(settling).to.include({ records: 0, bytes: 0 })
    expect(failures).to.have.length(2)
    expect(failures[0]).to.be.an('error')
    expect(failures[1]).to.equal(undefined)
  })

  it('is idle only when what came meanwhile is over too', async () => {
    const settling = new Settling()
    const order: string[] = []
    settling.add(Promise.resolve(), 1, 1, () => {
      order.push('first')
      settling.add(new Promise(resolve => setTimeout(resolve, 5)), 1, 1, () => order.push('second'))
    })
    await settling.idle()
    expect(order).to.deep.equal(['first', 'second'])
  })
})
