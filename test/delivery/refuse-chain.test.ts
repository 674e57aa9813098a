import { PassThrough, Writable } from 'node:stream'
import { expect } from 'chai'
import chain from 'stream-chain'
import { refuseChain } from '../../lib/delivery/refuse-chain.ts'

class SomeSink extends Writable {
  constructor() {
    super({ objectMode: true, write: (_record, _encoding, done) => done() })
    refuseChain(this)
  }
}

describe('refuseChain', () => {
  it('S14 refuses a sink in a chain, behind functions and behind streams, and names the right form', () => {
    for (const before of [(record: unknown) => record, new PassThrough({ objectMode: true })]) {
      expect(() => chain([before, new SomeSink()] as never)).to.throw(
        'SomeSink must not stand inside chain(): write pipeline(source, chain([…]), someSink).'
      )
    }
  })

  it('lets everything else be piped into it, a chain as a whole too', () => {
    const steps = chain([(record: unknown) => record, (record: unknown) => record])
    for (const source of [new PassThrough({ objectMode: true }), steps])
      expect(() => source.pipe(new SomeSink())).to.not.throw()
  })
})
