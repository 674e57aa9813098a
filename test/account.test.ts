import { expect } from 'chai'
import { Account, places } from '../lib/account.ts'

describe('Account', () => {
  it('takes in records and moves them', () => {
    const account = new Account()
    account.accept('waiting', 5)
    account.move('waiting', 'inFlight', 3)
    account.move('inFlight', 'delivered', 2)
    expect(account.stats()).to.include({ accepted: 5, waiting: 2, inFlight: 1, delivered: 2 })
  })

  it('says in stats() what was, not what is', () => {
    const account = new Account()
    const before = account.stats()
    account.accept('waiting', 1)
    expect(before.accepted).to.equal(0)
  })

  it('has a counter for every place', () => {
    const stats = new Account().stats()
    expect(Object.keys(stats)).to.have.members([...places, 'accepted', 'refused', 'ambiguous', 'attempts', 'retries'])
    expect(Object.values(stats)).to.deep.equal(Array(13).fill(0))
  })
})
