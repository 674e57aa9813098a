import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import fc from 'fast-check'
import { Delivery } from '../../lib/delivery.ts'
import { StorageError } from '../../lib/errors.ts'
import { wrongField } from '../../lib/storage/envelope-fields.ts'
import { encodeLine, envelopeInLine } from '../../lib/storage/envelope-line.ts'
import { encodeEnvelope, type Envelope, envelopeOf } from '../../lib/storage/envelope.ts'
import { lineBytes } from '../../lib/storage/line-bytes.ts'
import { anyDelivery } from '../support/any-delivery.ts'
import { answered } from '../support/manual-sender.ts'

const runs = process.env.SPILLWAY_LONG === undefined ? 500 : 50_000
const bytesOf = (delivery: Delivery): Buffer => Buffer.from(encodeLine(delivery))

/** Between bytes that belong to others. */
function read(line: Uint8Array): Envelope {
  const bytes = Buffer.concat([Buffer.from('0 ,"]}'), line, Buffer.from('\n0,"]}')])
  return envelopeInLine(lineBytes(bytes), 6, 6 + line.length)
}

function outcomeOf(line: Uint8Array): unknown {
  try {
    return read(line)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return 'refused'
  }
}

const number = '(?:0|[1-9][0-9]{0,14})'
const plainHead = new RegExp(
  `^(\\{"v":1,"id":"[^"\\\\\\0-\\x1f]*","version":${number},"acceptedAt":${number}),"lengths":\\[(${number}(?:,${number})*)\\]`
)

/** What a line must be read as: the slow way, and by other means. */
function slowly(line: Buffer): unknown {
  const [head, key, list] = plainHead.exec(line.toString('latin1')) ?? []
  const lengths = list?.split(',').map(Number) ?? []
  const recordsAt = line.length - lengths.reduce((all, length) => all + length, 0)
  let value: Record<string, unknown> | null
  try {
    if (head === undefined) value = JSON.parse(line.toString()) as typeof value
    else {
      if (recordsAt < head.length) return 'refused'
      const rest = line.subarray(head.length, recordsAt)
      const text = Buffer.concat([Buffer.from(`${key},"records":[]`, 'latin1'), rest]).toString()
      let at = recordsAt
      const records = lengths.map(length => line.subarray(at, (at += length)).toString())
      value = { ...(JSON.parse(text) as object), records }
    }
  } catch {
    return 'refused'
  }
  return value?.v !== 1 || wrongField({ ...value }) !== undefined ? 'refused' : value
}

// The rest of a line is unknown at first, then looked into, then known.
function sameAsSlowly(line: Buffer): void {
  const wanted = slowly(line)
  for (let i = 0; i < 3; i++) {
    const got = outcomeOf(line)
    if (!isDeepStrictEqual(got, wanted)) expect({ line: line.toString(), got }).to.deep.equal({ wanted })
  }
}

const snippets = [
  ...['"', '\\', '{', '}', '[', ']', ',', ':', '0', '1', '9', '-', '.', 'e', ' ', '\0', '\x7f', 'ü', '😀', '\ufeff'],
  ...[',"lengths":[', ',"lengths":[0]', ',"lengths":[1,2]', '"records":["x"]', ',"records":[]', ',"id":"z"', ',"v":2'],
  ...[
    ',"method":"PUT"',
    '"attempts":-1',
    '{"v":1,"id":"',
    '","version":2',
    ',"acceptedAt":5',
    '99999999999999999999',
    '[]'
  ]
]
const changes = fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 0, 0, 1, 2, 20), fc.constantFrom('', ...snippets)), {
  maxLength: 4
})
const changed = (line: Buffer, all: ReadonlyArray<readonly [number, number, string]>): Buffer =>
  all.reduce((bytes, [where, cut, put]) => {
    const at = where % (bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(put), bytes.subarray(at + cut)])
  }, line)

describe('encodeLine', () => {
  const init = { id: 'a', acceptedAt: 5, url: 'http://h/', headers: { 'x-a': 'b' } }
  const isPlain = (delivery: Delivery): boolean => encodeLine(delivery) !== encodeEnvelope(delivery)

  it('puts records behind the envelope as they are, and their lengths in bytes into it', () => {
    const records = ['{"a":"\\"x\\""}', 'grün 😀', '', Buffer.from('bytes: ü')]
    expect(encodeLine(new Delivery(records, init).failed(answered(503)))).to.equal(
      '{"v":1,"id":"a","version":1,"acceptedAt":5,"lengths":[13,10,0,9],"method":"POST","url":"http://h/",' +
        '"headers":{"x-a":"b"},"attempts":1,"firstError":{"code":"SPW_ERR_STATUS","phase":"answered","status":503},' +
        '"lastError":{"code":"SPW_ERR_STATUS","phase":"answered","status":503},"outcome":"exhausted"}' +
        '{"a":"\\"x\\""}grün 😀bytes: ü'
    )
  })

  const escaped: Array<[string, Delivery]> = [
    ['a record has a line break', new Delivery(['{}', '{\n}'], init)],
    ['a record of bytes has a line break', new Delivery([Buffer.from('{\n}')], init)],
    ['a record is no UTF-8', new Delivery(['{}', Buffer.from([0xff])], init)],
    ['a record has half a surrogate pair', new Delivery(['\ud83d'], init)],
    ['there is no record', new Delivery([], init)],
    ['the id has a quote', new Delivery(['{}'], { ...init, id: '"' })],
    ['the id has a line break', new Delivery(['{}'], { ...init, id: 'a\nb' })],
    ['the id has half a surrogate pair', new Delivery(['{}'], { ...init, id: 'a\udc00' })],
    ['the time is no whole number', new Delivery(['{}'], { ...init, acceptedAt: 1.5 })],
    ['the time is before 1970', new Delivery(['{}'], { ...init, acceptedAt: -1 })],
    ['the time has too many digits', new Delivery(['{}'], { ...init, acceptedAt: 10 ** 15 })]
  ]
  for (const [when, delivery] of escaped) {
    it(`is the JSON text of the envelope when ${when}`, () => {
      expect(encodeLine(delivery)).to.equal(encodeEnvelope(delivery))
      expect(isPlain(new Delivery(['{}'], init))).to.equal(true)
    })
  }

  it('I6 is one line, and gives back what was stored, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(anyDelivery, { maxLength: 4 }), deliveries => {
        for (const delivery of deliveries) {
          const line = bytesOf(delivery)
          expect(line.includes('\n')).to.equal(false)
          expect(read(line)).to.deep.equal(JSON.parse(JSON.stringify(envelopeOf(delivery))))
        }
      }),
      { numRuns: runs }
    )
  })
})

describe('envelopeInLine', () => {
  it('reads what was altered as the slow way does, or refuses it alike', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyDelivery, changes), { maxLength: 4 }), given => {
        for (const [delivery, all] of given) {
          sameAsSlowly(bytesOf(delivery))
          sameAsSlowly(changed(bytesOf(delivery), all))
        }
      }),
      { numRuns: runs }
    )
  })

  it('reads what is cut anywhere as the slow way does, or refuses it', () => {
    const line = bytesOf(new Delivery(['{"a":1}', 'ü'], { id: 'a', acceptedAt: 5 }).failed(answered(503)))
    for (let at = 0; at < line.length; at++) {
      sameAsSlowly(line.subarray(0, at))
      sameAsSlowly(line.subarray(at))
      sameAsSlowly(Buffer.concat([line.subarray(0, at), line.subarray(at + 1)]))
    }
  })

  it('reads numbers in every form as the slow way does', () => {
    const text = encodeLine(new Delivery(['1'], { id: 'a', acceptedAt: 5 }))
    for (const put of [
      '',
      '0',
      '00',
      '01',
      '-1',
      '1.0',
      '1e0',
      ' 1',
      '1 ',
      '2',
      '"1"',
      '1'.repeat(15),
      '1'.repeat(16)
    ]) {
      for (const [name, was] of [
        ['"version":', '1'],
        ['"acceptedAt":', '5'],
        ['"lengths":[', '1'],
        ['"attempts":', '0']
      ] as const) {
        expect(text).to.include(name + was)
        sameAsSlowly(Buffer.from(text.replace(name + was, name + put)))
      }
    }
  })

  const sample = new Delivery(['1'], { id: 'a', acceptedAt: 5, headers: { 'x-a': 'b' } }).failed(answered(503))

  it('parses nothing anew of what is as before, and lets nobody change it', () => {
    const line = bytesOf(sample)
    sameAsSlowly(line)
    const [one, two] = [read(line), read(Buffer.from(encodeLine(sample).replace('"id":"a"', '"id":"b"')))]
    expect(two.headers).to.equal(one.headers)
    expect(two.id).to.equal('b')
    for (const shared of [one.headers, one.firstError, one.lastError]) {
      expect(() => Object.assign(shared!, { code: 'other' })).to.throw(TypeError)
    }
    ;(one.records as string[]).push('2')
    expect(read(line)).to.deep.equal(slowly(line))
  })

  it('keeps nothing of the bytes that it was given', () => {
    const line = bytesOf(sample)
    sameAsSlowly(line)
    const given = Buffer.from(line)
    const before = envelopeInLine(lineBytes(given), 0, given.length)
    given.fill(0)
    expect(before).to.deep.equal(slowly(line))
    expect(read(line)).to.deep.equal(slowly(line))
  })

  it('gives all fields in the order of an envelope, also of a line that is the first of its kind', () => {
    const line = bytesOf(new Delivery(['1'], { id: 'a', acceptedAt: 5, headers: { 'x-first': 'b' } }))
    const names = ['v', 'id', 'version', 'acceptedAt', 'records', 'method', 'url', 'headers', 'attempts', 'outcome']
    for (let i = 0; i < 3; i++) expect(Object.keys(read(line))).to.deep.equal(names)
  })
})
