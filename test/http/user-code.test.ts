import { Dispatcher } from 'undici'
import { expect } from 'chai'
import { OptionsError } from '../../lib/errors.ts'
import { HttpWritable } from '../../lib/http-writable.ts'
import { answer } from '../support/fault.ts'
import { faultServer } from '../support/fault-server.ts'
import { ManualSender } from '../support/manual-sender.ts'
import { TestSink } from '../support/test-sink.ts'

const textless = (): never => {
  throw Object.create(null) as Error
}

describe('code of the user that throws', () => {
  it('refuses a record whose method has no text, and sends the next', async () => {
    const server = await faultServer(answer(200))
    const sink = new TestSink({})
    await sink.send({ url: server.url, method: 10n }, { url: server.url, body: 1 })
    expect(sink.stats).to.include({ accepted: 2, refused: 1, delivered: 1 })
    await sink.end()
    await server.close()
  })

  for (const [what, record, options] of [
    ['a getter', Object.defineProperty({}, 'x', { get: textless, enumerable: true }), {}],
    ['toJSON', { toJSON: textless }, {}],
    [
      'encode',
      {},
      { format: { contentType: 'text/x', encode: textless, join: (parts: readonly string[]) => parts[0]! } }
    ],
    ['a function of the record', {}, { headers: textless }]
  ] as const) {
    it(`refuses the record when ${what} throws something without a text`, async () => {
      const sink = new TestSink({ url: 'http://127.0.0.1:9/', ...options })
      await sink.send(record)
      expect(sink.stats).to.include({ accepted: 1, refused: 1, attempts: 0 })
      await sink.end()
    })
  }

  it('refuses what a Sender rejects with something without a text, and gives the slot back', async () => {
    const sender = new ManualSender()
    sender.script = (_delivery, attempt) => (attempt === 1 ? Object.create(null) : undefined)
    const sink = new TestSink({ url: 'http://127.0.0.1:9/', numWriters: 1, wrapSender: sender.wrap })
    await sink.send(1, 2)
    expect(sink.stats).to.include({ refused: 1, delivered: 1, inFlight: 0 })
    await sink.end()
  })

  it('takes a dispatcher that throws for one that has no connection', async () => {
    class Throwing extends Dispatcher {
      override dispatch(): boolean {
        throw new Error('no way through')
      }
    }
    const sink = new TestSink({ url: 'http://127.0.0.1:9/', dispatcher: new Throwing() }, { retries: 1 })
    await sink.send(1, 2)
    expect(sink.stats).to.include({ stored: 2, inFlight: 0, attempts: 4 })
    expect(sink.stored[0]!.lastError).to.include({ code: 'SPW_ERR_CONNECT', phase: 'not-sent' })
    await sink.end()
  })

  it('refuses a wrapSender that gives no Sender', () => {
    const make = (): unknown => new HttpWritable({ url: 'http://127.0.0.1:9/', wrapSender: () => undefined as never })
    expect(make).to.throw(OptionsError, 'http/wrapSender must give a Sender')
  })

  it('tells of a wrapSender that throws', () => {
    const make = (): unknown => new HttpWritable({ url: 'http://127.0.0.1:9/', wrapSender: textless })
    expect(make).to.throw(OptionsError, 'http/wrapSender threw')
  })
})
