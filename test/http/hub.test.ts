import { expect } from 'chai'
import type { Delivery } from '../../lib/delivery.ts'
import { OptionsError } from '../../lib/errors.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import { answer, HeldAnswers } from '../support/fault.ts'
import { type FaultServer, faultServer } from '../support/fault-server.ts'
import { paused, turns, until, within } from '../support/waiting.ts'

describe('Hub', () => {
  let servers: FaultServer[] = []
  afterEach(async () => {
    await Promise.all(servers.map(server => server.close()))
    servers = []
  })

  async function serve(count: number, fault = answer(200)): Promise<void> {
    servers = await Promise.all(Array.from({ length: count }, () => faultServer(fault)))
  }
  const connections = (): number => servers.reduce((sum, { openConnections }) => sum + openConnections, 0)

  it('keeps no more connections than slots, whatever the number of origins', async () => {
    await serve(6)
    const http = new HttpWritable({ numWriters: 3 })
    for (let round = 0; round < 5; round++) {
      for (const { url } of servers) http.write(`${url}/${round}`)
      await until(() => http.stats().delivered === (round + 1) * 6)
      await turns()
      await until(() => connections() <= 3, 'no more than 3 connections')
    }
    http.end()
    await within(http.settled(), 'the stream to be settled')
    await until(() => connections() === 0)
  })

  it('uses a connection again, the one used last first', async () => {
    const held = new HeldAnswers()
    await serve(1, held.fault)
    const [server] = servers as [FaultServer]
    const http = new HttpWritable({ url: server.url, numWriters: 3 })
    for (let i = 0; i < 3; i++) http.write(i)
    await until(() => held.waiting.length === 3)
    for (let i = 0; i < 3; i++) held.release()
    await until(() => http.stats().delivered === 3)
    const last = server.requests[2]!.connection
    for (let i = 0; i < 3; i++) {
      http.write(i)
      await until(() => held.waiting.length === 1)
      expect(held.waiting[0]!.request.connection).to.equal(last)
      held.release()
      await until(() => http.stats().delivered === 4 + i)
    }
    expect(server.connections).to.equal(3)
    http.destroy()
  })

  it('shares its slots evenly among origins that all have work', async () => {
    const held = new HeldAnswers()
    await serve(3, held.fault)
    const http = new HttpWritable({ numWriters: 6 })
    for (const { url } of servers) for (let i = 0; i < 20; i++) http.write(`${url}/${i}`)
    await until(() => held.waiting.length === 6)
    // What came first had all slots; each that comes free goes to the one with the fewest.
    for (let i = 0; i < 4; i++) {
      held.release(answer(200))
      await until(() => held.waiting.length === 6)
    }
    const counts = servers.map(
      ({ requests }) => held.waiting.filter(({ request }) => requests.includes(request)).length
    )
    expect(counts).to.deep.equal([2, 2, 2])
    http.destroy()
  })

  for (const time of [2 ** 31, Number.MAX_VALUE, Infinity]) {
    it(`drains for ${time} ms: begins nothing, and lets what is under way finish`, async () => {
      const held = new HeldAnswers()
      await serve(1, held.fault)
      const http = new HttpWritable({ url: servers[0]!.url, numWriters: 1 })
      const outcomes: unknown[] = []
      http.on('data', ({ error }: Delivery) => outcomes.push(error?.outcome))
      for (let i = 0; i < 3; i++) http.write(i)
      await until(() => held.waiting.length === 1)
      http.drain(time)
      await until(() => outcomes.length === 2)
      await paused(50)
      held.release(answer(200))
      http.end()
      await within(http.settled(), 'the stream to be settled')
      expect(outcomes).to.deep.equal(['shutdown', 'shutdown'])
      expect(http.stats()).to.include({ delivered: 1, attempts: 1 })
    })
  }

  it('refuses to drain for what is no time, and changes nothing', async () => {
    const http = new HttpWritable({ url: 'http://127.0.0.1:9/' })
    const wrong: Array<[time: unknown, got: string]> = [
      [-1, '-1'],
      [NaN, 'NaN'],
      ['5', '"5"'],
      [undefined, 'undefined']
    ]
    for (const [time, got] of wrong) {
      const message = `drain/timeout must be a number >= 0, got ${got}`
      expect(() => http.drain(time as number)).to.throw(OptionsError, message)
    }
    http.destroy()
    await within(http.settled(), 'the stream to be settled')
  })
})
