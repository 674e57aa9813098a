import { expect } from 'chai'
import { Delivery } from '../../lib/delivery.ts'
import type { Outcome } from '../../lib/delivery/settlement.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import { RetryTransform } from '../../lib/retry-transform.ts'
import { expectLaw, expectOver } from '../support/law.ts'
import { answered, ManualSender } from '../support/manual-sender.ts'
import { turns, until, within } from '../support/waiting.ts'

function failing(count: number): { http: HttpWritable; outcomes: Outcome[] } {
  const sender = new ManualSender()
  sender.script = () => answered(503)
  const http = new HttpWritable({ url: 'http://127.0.0.1:9/', wrapSender: sender.wrap })
  http.on('error', () => {})
  const outcomes: Outcome[] = []
  for (let i = 0; i < count; i++) {
    http.write(new Delivery([String(i)]).onSettled(outcome => void outcomes.push(outcome)))
  }
  return { http, outcomes }
}

describe('DeliveryDuplex', () => {
  it('counts as its own what stands in its outbox and in the buffer of Node', async () => {
    const { http } = failing(3)
    http.pause()
    http.on('data', () => {})
    http.read(0)
    await until(() => http.stats().retrying === 3)
    expect(http.readableLength).to.equal(1)
    expect(http.stats()).to.include({ retrying: 3, handedBack: 0 })
    http.resume()
    await until(() => http.stats().handedBack === 3)
    expectLaw(http.stats())
    http.destroy()
  })

  it('keeps no more than one in the buffer of Node', async () => {
    const { http } = failing(20)
    http.on('readable', () => {})
    await until(() => http.stats().retrying === 20)
    expect(http.readableHighWaterMark).to.equal(0)
    expect(http.readableLength).to.be.at.most(1)
    http.destroy()
  })

  it('gives what read() asks for', async () => {
    const { http } = failing(3)
    await until(() => http.stats().retrying === 3)
    const read: unknown[] = []
    http.on('readable', () => {
      for (
        let delivery = http.read() as Delivery | null;
        delivery !== null;
        delivery = http.read() as Delivery | null
      ) {
        read.push(...delivery.records)
      }
    })
    await until(() => read.length === 3)
    expect(read).to.deep.equal(['0', '1', '2'])
    expect(http.stats()).to.include({ handedBack: 3, retrying: 0 })
    http.destroy()
  })

  it('gives nothing more once it is destroyed, not what stands in the buffer of Node either', async () => {
    const { http, outcomes } = failing(3)
    const read: Delivery[] = []
    const retry = new RetryTransform()
    retry.on('error', () => {})
    http.pause()
    http.on('data', (delivery: Delivery) => {
      read.push(delivery)
      retry.write(delivery)
    })
    http.read(0)
    await until(() => http.readableLength === 1)
    http.resume()
    http.destroy()
    retry.destroy()
    await within(Promise.all([http.settled(), retry.settled()]), 'the streams to be settled')
    await turns()
    expect(read).to.deep.equal([])
    expect(outcomes).to.deep.equal(['abandoned', 'abandoned', 'abandoned'])
    expectOver(http.stats())
    expect(http.stats()).to.include({ abandoned: 3 })
  })

  it('ends its readable side when all has been taken', async () => {
    const { http } = failing(3)
    http.end()
    const read: unknown[] = []
    for await (const delivery of http) read.push(...(delivery as Delivery).records)
    expect(read).to.deep.equal(['0', '1', '2'])
    await within(http.settled(), 'the stream to be settled')
    expect(http.readableEnded && http.writableFinished).to.equal(true)
  })
})
