import { expect } from 'chai'
import { Account } from '../../lib/account.ts'
import { Book } from '../../lib/delivery/book.ts'
import { Delivery } from '../../lib/delivery.ts'
import { answered } from '../support/manual-sender.ts'

function ofAccount(account: Account, records = 1): Delivery {
  const delivery = new Delivery(Array.from({ length: records }, () => '1'))
  account.accept('retrying', records)
  delivery.enter(account, undefined, 'retrying')
  return delivery
}

describe('Book', () => {
  it('tells of the account that travels with the deliveries', () => {
    const account = new Account()
    account.accept('delivered', 7)
    const book = new Book()
    book.adopt(ofAccount(account, 2), 'storing')
    book.adopt(ofAccount(account, 1), 'storing')
    expect(book.stats()).to.include({ accepted: 10, delivered: 7, storing: 3 })
  })

  it('tells of its own when there are deliveries of several streams', () => {
    const book = new Book()
    book.adopt(ofAccount(new Account(), 2), 'storing')
    book.adopt(ofAccount(new Account(), 3), 'storing')
    expect(book.stats()).to.include({ accepted: 5, storing: 5 })
  })

  it('tells of its own when some were made by hand, whichever came first', () => {
    for (const order of [0, 1]) {
      const book = new Book()
      const deliveries = [new Delivery(['1', '2']), ofAccount(new Account(), 3)]
      book.adopt(deliveries[order]!, 'storing')
      book.adopt(deliveries[1 - order]!, 'storing')
      expect(book.stats(), `order ${order}`).to.include({ accepted: 5, storing: 5 })
    }
  })

  it('counts refused and ambiguous within what it has stored', () => {
    const book = new Book()
    const refused = new Delivery(['1', '2']).failed(answered(400))
    const plain = new Delivery(['1']).failed(answered(503))
    for (const delivery of [refused, plain]) {
      book.adopt(delivery, 'storing')
      book.leave(delivery, 'storing', 'stored')
    }
    expect(book.stats()).to.include({ accepted: 3, storing: 0, stored: 3, refused: 2, ambiguous: 0 })
  })
})
