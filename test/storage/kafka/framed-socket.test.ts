import { createRequire } from 'node:module'
import { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import { answerBytes } from '../../../lib/storage/kafka/answer-bytes.ts'
import { FramedSocket } from '../../../lib/storage/kafka/framed-socket.ts'

describe('FramedSocket', () => {
  const framed = (text: string): Buffer => {
    const frame = Buffer.alloc(4 + text.length, text)
    frame.writeInt32BE(text.length)
    frame.write(text, 4)
    return frame
  }

  function made(): { raw: Duplex; given: string[]; errors: Error[] } {
    const raw = new Duplex({ read() {}, write: (_chunk, _encoding, callback) => callback() })
    const socket = new FramedSocket(raw as unknown as Socket)
    const given: string[] = []
    const errors: Error[] = []
    socket.on('data', (frame: Buffer) => given.push(frame.subarray(4).toString()))
    socket.on('error', (error: Error) => errors.push(error))
    return { raw, given, errors }
  }

  const texts = ['one', '', 'three and more', 'x'.repeat(300)]
  const all = Buffer.concat(texts.map(framed))

  for (const size of [1, 3, 4, 5, 64, all.length]) {
    it(`gives whole answers when ${size} bytes come at once`, () => {
      const { raw, given } = made()
      for (let i = 0; i < all.length; i += size) raw.emit('data', all.subarray(i, i + size))
      expect(given).to.deep.equal(texts)
    })
  }

  it('gives nothing of an answer that was cut', () => {
    const { raw, given } = made()
    raw.emit('data', all.subarray(0, all.length - 1))
    expect(given).to.deep.equal(texts.slice(0, 3))
  })

  it('ends a connection to what is no broker', async () => {
    const { raw, errors } = made()
    raw.emit('data', Buffer.from('HTTP/1.1 400 Bad Request'))
    await new Promise(resolve => raw.once('close', resolve))
    expect(errors.map(({ message }) => message)).to.deep.equal(['what answers is no Kafka broker, or speaks TLS'])
  })

  it('ends a connection of whose answer whoever takes it can make nothing', async () => {
    const { raw, errors } = made()
    const socket = new FramedSocket(raw as unknown as Socket)
    let taken = 0
    socket.on('data', (frame: Buffer) => {
      taken++
      frame.readInt32BE(4)
    })
    raw.emit('data', Buffer.concat([framed(''), framed('later')]))
    await new Promise(resolve => raw.once('close', resolve))
    expect(taken).to.equal(1)
    expect(errors.map(({ message }) => message)).to.deep.equal(['the broker gave an answer that is none'])
  })
})

describe('answerBytes', () => {
  const load = createRequire(import.meta.url)
  const Decoder = load('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => object
  const decodeRecord = load('kafkajs/src/protocol/recordBatch/record/v0/decoder.js') as (
    decoder: object,
    batch: object
  ) => object
  const decodeText = (bytes: Buffer): string => (new Decoder(bytes) as { readString(): string }).readString()

  it('are bytes like any other', () => {
    const bytes = answerBytes(Buffer.from([0, 3, 0x61, 0x62, 0x63]))
    expect(Buffer.isBuffer(bytes)).to.equal(true)
    expect(decodeText(bytes)).to.equal('abc')
    expect(Buffer.concat([bytes.slice(2, 4), bytes.slice(4)]).toString()).to.equal('abc')
    expect(bytes.slice(3, 99).toString(), 'of what was cut').to.equal('bc')
  })

  it('refuse a length below zero, by which kafkajs goes back and reads the same again', () => {
    expect(() => decodeText(answerBytes(Buffer.from([0xff, 0xfe])))).to.throw(RangeError, 'a length')
  })

  it('refuse to be read past their end, where kafkajs finds as many headers as it was told of', () => {
    const [attributes, timestamp, offset, key, value] = [0, 0, 0, 1, 1]
    const thousandHeaders = [0xd0, 0x0f]
    const record = Buffer.from([attributes, timestamp, offset, key, value, ...thousandHeaders])
    const batch = { firstOffset: '0', firstTimestamp: '0' }
    expect(() => decodeRecord(new Decoder(answerBytes(record)), batch)).to.throw(RangeError, 'a length')
  })
})
