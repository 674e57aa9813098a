import { createHmac } from 'node:crypto'
import { pipeline } from 'node:stream/promises'
import { inspect } from 'node:util'
import { expect } from 'chai'
import type { Delivery } from '../../lib/delivery.ts'
import { OptionsError } from '../../lib/errors.ts'
import { FailoverWritable } from '../../lib/failover-writable.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import type { Sender } from '../../lib/http/sender.ts'
import { replay } from '../../lib/replay.ts'
import { answer, scripted } from '../support/fault.ts'
import { type FaultServer, faultServer } from '../support/fault-server.ts'
import { TestSink } from '../support/test-sink.ts'

/** Signs as Standard Webhooks does: by all keys that are valid now, over the id, the time of the attempt and the body. */
function signing(inner: Sender, keys: readonly string[], clock: () => number): Sender {
  return {
    send(delivery: Delivery, signal: AbortSignal) {
      const time = String(clock())
      const signed = `${delivery.id}.${time}.${String(delivery.body)}`
      const signatures = keys.map(key => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
      const headers = {
        'webhook-id': delivery.id,
        'webhook-timestamp': time,
        'webhook-signature': signatures.join(' ')
      }
      return inner.send(delivery.withHeaders(headers), signal)
    }
  }
}

describe('faulty configuration, and secrets', () => {
  let server: FaultServer
  const sinks: TestSink[] = []

  beforeEach(async () => {
    server = await faultServer()
  })

  afterEach(async () => {
    await Promise.all(sinks.splice(0).map(sink => sink.destroy()))
    await server.close()
  })

  const sinkTo = (http: object = {}, retry: object = {}): TestSink => {
    const sink = new TestSink({ url: server.url, ...http }, retry)
    sinks.push(sink)
    return sink
  }

  it('C03 refuses a storage that it does not know, and never takes it for none', () => {
    for (const storage of ['fiel', 'NONE', 'toString', '', 'redis']) {
      expect(() => new FailoverWritable({ storage: storage as 'none' }), storage).to.throw(
        OptionsError,
        JSON.stringify(storage)
      )
    }
    for (const storage of [undefined, null, {}, 7, []]) {
      expect(() => new FailoverWritable({ storage: storage as never }), inspect(storage)).to.throw(OptionsError)
    }
    expect(() => new FailoverWritable({ storage: 'fiel' as 'none' })).to.throw('did you mean "file"?')
  })

  it('C17 does not quote what the endpoint answered', async () => {
    server.fault = answer(400, { 'x-canary': 'canary-header' }, 'canary-body')
    const errors: unknown[] = []
    const sink = sinkTo()
    sink.storage.before = deliveries => void errors.push(...deliveries.map(({ error }) => error))
    await sink.send({ id: 1 })
    expect(sink.stats.refused).to.equal(1)
    expect(inspect([errors, sink.stored], { depth: 10 })).to.not.include('canary')
  })

  const verified = (keys: readonly string[]): void => {
    for (const { headers, text } of server.requests) {
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`
      const expected = keys.map(key => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
      expect(headers['webhook-signature']).to.equal(expected.join(' '))
    }
  }

  it('C18 signs each attempt anew, under the same id, by both keys while they rotate', async () => {
    let now = 1_700_000_000
    const keys = ['old-key', 'new-key']
    server.fault = scripted([answer(503), answer(503), answer(200)])
    const sink = sinkTo({ wrapSender: (inner: Sender) => signing(inner, keys, () => now++) })
    await sink.send({ id: 1 })
    expect(sink.stats).to.include({ delivered: 1, attempts: 3 })
    verified(keys)
    const of = (name: string): Set<string | undefined> => new Set(server.requests.map(({ headers }) => headers[name]))
    expect(of('webhook-id').size).to.equal(1)
    expect(of('webhook-timestamp').size).to.equal(3)
    expect(of('webhook-signature').size).to.equal(3)
    await sink.recovers()
  })

  it('C19 stores neither signatures nor secrets, and signs again when it replays', async () => {
    let now = 1_700_000_000
    const wrapSender = (inner: Sender): Sender => signing(inner, ['canary-key'], () => now++)
    const headers = { authorization: () => 'Bearer canary-token', 'x-api-key': 'canary-api-key', 'x-plain': 'kept' }
    server.fault = answer(503)
    const sink = await sinkTo({ wrapSender, headers }, { retries: 0 }).send({ id: 1 })
    expect(sink.stored[0]!.headers).to.include({ 'x-plain': 'kept' })
    expect(JSON.stringify(sink.stored)).to.not.match(/canary|signature/)

    server.fault = answer(200)
    const again = new HttpWritable({ url: server.url, wrapSender, headers })
    await pipeline(replay({ storage: sink.storage }), again)
    expect(again.stats()).to.include({ delivered: 1 })
    expect(sink.stored).to.have.length(0)
    verified(['canary-key'])
    const [first, second] = server.requests
    expect(second!.headers['webhook-id']).to.equal(first!.headers['webhook-id'])
    expect(second!.headers['webhook-timestamp']).to.not.equal(first!.headers['webhook-timestamp'])
    expect(second!.headers).to.include({ authorization: 'Bearer canary-token', 'x-api-key': 'canary-api-key' })
  })
})
