import { expect } from 'chai'
import { StorageError } from '../../../lib/errors.ts'
import type { Message } from '../../../lib/storage/kafka/message.ts'
import { MessageGroups } from '../../../lib/storage/kafka/message-groups.ts'
import { failedDeliveries, failedDelivery } from '../../../lib/testing/sample-deliveries.ts'

describe('MessageGroups', () => {
  const sizeOf = ({ value }: Message): number => String(value).length

  /** A broker that takes sets of so many characters at most. */
  function made(most: number, batchBytes = 1_000_000): { groups: MessageGroups; sets: string[][] } {
    const sets: string[][] = []
    const append = async (messages: readonly Message[]): Promise<void> => {
      if (messages.reduce((sum, message) => sum + sizeOf(message), 0) > most) {
        const cause = Object.assign(new Error('x'), { type: 'MESSAGE_TOO_LARGE' })
        throw new StorageError('SPW_ERR_STORAGE_REFUSED', 'too large', { retryable: false, cause })
      }
      sets.push(messages.map(({ key }) => String(key)))
    }
    return { groups: new MessageGroups({ topic: 't', batchBytes, append }), sets }
  }

  it('puts what is appended at once into one set, of batchBytes at most', async () => {
    const deliveries = failedDeliveries(10)
    const one = made(1e6)
    await Promise.all(deliveries.map(delivery => one.groups.append([delivery])))
    expect(one.sets).to.deep.equal([deliveries.map(({ id }) => id)])
    const several = made(1e6, 1_000)
    await several.groups.append(deliveries)
    expect(several.sets.length).to.be.above(1)
    expect(several.sets.flat()).to.deep.equal(deliveries.map(({ id }) => id))
  })

  it('halves a set that is too large as a whole', async () => {
    const { groups, sets } = made(500)
    const deliveries = failedDeliveries(100)
    await groups.append(deliveries)
    expect(sets.flat().sort()).to.deep.equal(deliveries.map(({ id }) => id).sort())
  })

  it('refuses only the call that has the message that is too large', async () => {
    const { groups, sets } = made(500)
    const [small, large] = [failedDeliveries(5), failedDelivery(['x'.repeat(600)])]
    const results = await Promise.allSettled([groups.append(small), groups.append([large])])
    expect(results.map(result => (result as PromiseRejectedResult).reason.retryable)).to.deep.equal([true, true])
    const [again, refused] = await Promise.allSettled([groups.append(small), groups.append([large])])
    expect(again.status).to.equal('fulfilled')
    expect((refused as PromiseRejectedResult).reason).to.include({ code: 'SPW_ERR_STORAGE_REFUSED', retryable: false })
    expect(new Set(sets.flat())).to.deep.equal(new Set(small.map(({ id }) => id)))
  })
})
