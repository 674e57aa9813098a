import { isDeepStrictEqual } from 'node:util'
import { expect } from 'chai'
import fc from 'fast-check'
import { Delivery } from '../../lib/delivery.ts'
import { StorageError } from '../../lib/errors.ts'
import { wrongField } from '../../lib/storage/envelope-fields.ts'
import { envelopeInText, envelopeInTexts } from '../../lib/storage/envelope-text.ts'
import {
  encodeEnvelope,
  encodeRecords,
  encodeRequest,
  type Envelope,
  joinEnvelope,
  parseEnvelope
} from '../../lib/storage/envelope.ts'
import { anyDelivery as deliveries } from '../support/any-delivery.ts'
import { answered } from '../support/manual-sender.ts'

const runs = process.env.SPILLWAY_LONG === undefined ? 500 : 50_000

/** What a text, or two, must be read as: the slow way. */
function slowly(text: string, records?: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
    if (records !== undefined) value = { ...(value as object), records: JSON.parse(records) as unknown }
  } catch {
    return 'Expected a stored delivery, got a text that is not JSON.'
  }
  const { v } = (value ?? {}) as Partial<Envelope>
  if (v !== 1) return `Expected a stored delivery, got an envelope of version ${String(v)}.`
  const wrong = wrongField({ ...(value as object) })
  return wrong === undefined ? value : `Expected a stored delivery, got an envelope without its ${wrong}.`
}

function outcomeOf(read: () => Envelope): unknown {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return error.message
  }
}

// The rest of a text is unknown at first, then looked into, then known.
const times = 3

/** Reads one after the other, since what is read depends on what was read before, and compares each with the slow way. */
function sameAsSlowly(texts: readonly string[]): void {
  for (const text of texts) {
    const wanted = slowly(text)
    for (let i = 0; i < times; i++)
      same(
        text,
        outcomeOf(() => parseEnvelope(text)),
        wanted
      )
  }
}

function joinedSameAsSlowly(pairs: ReadonlyArray<readonly [request: string, records: string]>): void {
  for (const [request, records] of pairs) {
    const wanted = slowly(request, records)
    for (let i = 0; i < times; i++)
      same(
        `${request} ${records}`,
        outcomeOf(() => joinEnvelope(request, records)),
        wanted
      )
  }
}

// Stricter than deep equality: -0 is not 0, and prototypes count.
function same(text: string, got: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(got, wanted)) expect({ text, got }).to.deep.equal({ text, got: wanted })
  if (!isDeepStrictEqual(got, wanted)) throw new Error(`read otherwise than by JSON.parse: ${text}`)
}

/** Once in a while the other. */
function seldom<A, B>(mostly: fc.Arbitrary<A>, other: fc.Arbitrary<B>): fc.Arbitrary<A | B> {
  return fc.oneof({ weight: 50, arbitrary: mostly }, { weight: 1, arbitrary: other })
}

const names = [
  ...['v', 'id', 'version', 'acceptedAt', 'records', 'method', 'url', 'headers', 'attempts'],
  ...['firstError', 'lastError', 'outcome', 'notBefore', '__proto__', 'toString', 'x']
]
const numbers = ['0', '1', '2', '-0', '1e3', '1E0', '01', '+1', '1.0', '1.5', '-1', '9007199254740993', '1e400', '.5']
const rightValues = new Map<string, readonly string[]>(
  Object.entries({
    v: ['1'],
    id: ['"a-1"', '"a-2"', '"\\u0061"', '"a\\""'],
    version: ['1', '2'],
    acceptedAt: ['1700000000000', '1700000000001'],
    records: ['["{\\"a\\":1}"]', '[]', '["a","b"]', '[{"base64":"/w=="}]', ' [ "a" ] '],
    method: ['"POST"'],
    url: ['"http://h/a"', '"http://h/b"'],
    headers: [
      '{}',
      '{"a":"b"}',
      '{"__proto__":"x"}',
      '{"a":"b","a":"c"}',
      '{"records":"[]"}',
      '{"a":"b","method":"c"}'
    ],
    attempts: ['0', '1'],
    firstError: ['{"code":"A","phase":"answered","status":503}'],
    lastError: ['{"code":"A","phase":"answered","status":503}', '{"code":"A","x":{"y":1}}'],
    outcome: ['"exhausted"', '"shutdown"'],
    notBefore: ['5', '6']
  })
)
const wrongValues = [
  ...numbers,
  ...[
    'null',
    'true',
    '"x"',
    '"\ud800"',
    '"\u0001"',
    '[]',
    '{}',
    '[1]',
    '{"__proto__":5}',
    '{"code":1}',
    '{"base64":5}',
    ''
  ]
]
const spaces = seldom(fc.constant(''), fc.constantFrom(' ', '\n', '\t', '\u00a0', '\ufeff'))

// Mostly members that we write, in their order, with right values; seldom one is missing, twice, elsewhere, or wrong.
const member = (usual: string): fc.Arbitrary<string> =>
  seldom(fc.constant(usual), fc.constantFrom(...names)).chain(name => {
    const value = seldom(fc.constantFrom(...(rightValues.get(name) ?? ['{}'])), fc.constantFrom(...wrongValues))
    const parts = [spaces, fc.constant(`"${name}"`), spaces, fc.constant(':'), value, spaces]
    return fc.tuple(...parts).map(parts => parts.join(''))
  })
const oneMore = seldom(fc.constant(undefined), fc.tuple(fc.nat(20), fc.constantFrom(...names).chain(member)))
const members = fc
  .tuple(oneMore, ...[...rightValues.keys()].map(name => seldom(member(name), fc.constant(''))))
  .map(([extra, ...parts]) => (extra === undefined ? parts : parts.toSpliced(extra[0], 0, extra[1])).filter(Boolean))
const objects = fc
  .tuple(spaces, members, spaces)
  .map(([before, parts, after]) => `${before}{${parts.join(',')}}${after}`)

const snippets = [
  ...['"', '\\', '\\"', '\\\\"', ',', ':', '{', '}', '[', ']', ' ', '\n', '\u0000', '\ud800', '0', '-', 'e', '.', '1'],
  ...[
    '"records":[',
    ',"records":[]',
    ',"records":["x"],"records":',
    '],"method":',
    ',"method":"PUT"',
    ',"attempts":9',
    '"outcome":"lost"'
  ],
  ...[
    ',"id":"z"',
    ',"v":2',
    '"__proto__":{"notBefore":5},',
    ',"__proto__":{}',
    '/*x*/',
    '\ufeff',
    '{"v":1,"id":"',
    '}}',
    '"}'
  ],
  ...numbers
]
/** A text of which some characters were cut out, and something was put there, a few times. */
const mutated = (of: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(
      of,
      fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 0, 0, 1, 2, 20), fc.constantFrom('', ...snippets)), {
        maxLength: 3
      })
    )
    .map(([text, changes]) =>
      changes.reduce((sofar, [where, cut, put]) => {
        const at = where % (sofar.length + 1)
        return sofar.slice(0, at) + put + sofar.slice(at + cut)
      }, text)
    )

describe('parseEnvelope and joinEnvelope', () => {
  it('read what was encoded as JSON.parse does, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(deliveries, { maxLength: 6 }), some => {
        sameAsSlowly(some.map(encodeEnvelope))
        joinedSameAsSlowly(some.map(delivery => [encodeRequest(delivery), encodeRecords(delivery)]))
      }),
      { numRuns: runs }
    )
  })

  it('read any members in any form as JSON.parse does, or refuse them alike', () => {
    const texts = fc.array(objects, { minLength: 1, maxLength: 6 })
    const records = fc.constantFrom(...rightValues.get('records')!, ...wrongValues)
    fc.assert(fc.property(texts, sameAsSlowly), { numRuns: runs })
    fc.assert(fc.property(fc.array(fc.tuple(objects, records), { maxLength: 6 }), joinedSameAsSlowly), {
      numRuns: runs
    })
  })

  it('read what was altered as JSON.parse does, or refuse it alike', () => {
    const wholes = mutated(deliveries.map(encodeEnvelope))
    const requests = mutated(deliveries.map(encodeRequest))
    const records = mutated(deliveries.map(encodeRecords))
    fc.assert(fc.property(fc.array(wholes, { maxLength: 6 }), sameAsSlowly), { numRuns: runs })
    fc.assert(fc.property(fc.array(fc.tuple(requests, records), { maxLength: 6 }), joinedSameAsSlowly), {
      numRuns: runs
    })
  })

  it('read what was altered between two that were not', () => {
    const given = fc.tuple(
      deliveries,
      fc.array(fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom('', ...snippets)), { maxLength: 20 })
    )
    fc.assert(
      fc.property(given, ([delivery, changes]) => {
        const whole = encodeEnvelope(delivery)
        const [request, records] = [encodeRequest(delivery), encodeRecords(delivery)]
        for (const [where, cut, put] of changes) {
          const altered = (text: string): string => {
            const at = where % (text.length + 1)
            return text.slice(0, at) + put + text.slice(at + cut)
          }
          sameAsSlowly([whole, altered(whole), whole])
          joinedSameAsSlowly([
            [request, records],
            [altered(request), records],
            [request, altered(records)]
          ])
        }
      }),
      { numRuns: runs / 5 }
    )
  })

  it('read very long and very deep texts', () => {
    const long = encodeEnvelope(new Delivery(['"'.repeat(3_000_000)], { id: 'i'.repeat(1_000_000) }))
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const short = encodeEnvelope(new Delivery(['1']))
    sameAsSlowly([
      long,
      short,
      short.replace('"1"', deep),
      short.replace('"headers":{}', `"headers":{"a":${deep}}`),
      long
    ])
  })

  const sample = new Delivery(['1'], { id: 'a', acceptedAt: 5, headers: { 'x-a': 'b' } }).failed(answered(503))

  it('parse nothing anew of what is as before', () => {
    const text = encodeEnvelope(sample)
    const other = text.replace('"id":"a"', '"id":"b"')
    sameAsSlowly([text])
    expect(envelopeInText(text)!.headers).to.equal(envelopeInText(other)!.headers)
    expect(envelopeInText(text)!.lastError).to.equal(envelopeInText(other)!.lastError)
    const [request, records] = [encodeRequest(sample), encodeRecords(sample)]
    const [one, two] = [envelopeInTexts(request, records)!, envelopeInTexts(request, '["2"]')!]
    expect(one.headers).to.equal(two.headers)
    expect(two.records).to.deep.equal(['2'])
  })

  it('look into no rest that has not come twice, and know the last one all the same', () => {
    const text = encodeEnvelope(sample)
    sameAsSlowly([text])
    for (let status = 500; status < 510; status++) {
      expect(envelopeInText(text.replaceAll('"status":503', `"status":${status === 503 ? 599 : status}`))).to.equal(
        undefined
      )
    }
    expect(envelopeInText(text)).to.deep.equal(JSON.parse(text))
    expect(envelopeInText(text.replace('"1"', `"${'1'.repeat(70_000)}"`))).to.not.equal(undefined)
    const long = text.replace('"1"', `"${'1'.repeat(70_000)}"`).replaceAll('"status":503', '"status":504')
    for (let i = 0; i < times; i++) expect(envelopeInText(long)).to.equal(undefined)
  })

  it('look once into what comes again and again and is no rest', () => {
    const text = encodeEnvelope(sample).replace('"headers":{', '"headers":{"a":"b","method":"c","d":"e",')
    sameAsSlowly([text])
    const { parse } = JSON
    let calls = 0
    JSON.parse = (...given: Parameters<typeof parse>) => (calls++, parse(...given) as unknown)
    try {
      expect(envelopeInText(text)).to.equal(undefined)
    } finally {
      JSON.parse = parse
    }
    expect(calls).to.equal(0)
  })

  it('let nobody change what several envelopes share', () => {
    const text = encodeEnvelope(sample)
    sameAsSlowly([text])
    const before = structuredClone(parseEnvelope(text))
    const envelope = parseEnvelope(text) as { -readonly [name in keyof Envelope]: Envelope[name] }
    for (const shared of [envelope.headers, envelope.firstError, envelope.lastError]) {
      expect(() => Object.assign(shared!, { code: 'other' })).to.throw(TypeError)
    }
    const withMore = text.replace('"code":', '"more":{"a":[1]},"code":')
    const { firstError } = parseEnvelope(withMore) as unknown as { firstError: { more: { a: unknown } } }
    firstError.more.a = 2
    expect(JSON.stringify(parseEnvelope(withMore))).to.equal(withMore)
    envelope.url = 'http://other/'
    ;(envelope.records as string[]).push('2')
    expect(parseEnvelope(text)).to.deep.equal(before)
  })

  it('read numbers in every form as JSON.parse does', () => {
    const text = encodeEnvelope(sample)
    const request = encodeRequest(sample)
    const long = ['9007199254740991', '9007199254740992', '1234567890123456', '123456789012345678', '1'.repeat(400)]
    for (const number of [...numbers, ...long, '1 ', '5x', '5"', '']) {
      for (const [name, was] of [
        ['version', '1'],
        ['acceptedAt', '5'],
        ['attempts', '1']
      ] as const) {
        const altered = (text: string): string => text.replace(`"${name}":${was}`, `"${name}":${number}`)
        sameAsSlowly([text, altered(text), text])
        joinedSameAsSlowly([
          [altered(request), '[]'],
          [request, '[]']
        ])
      }
    }
  })

  it('keep none of what a text has beside the envelope from being seen by JSON.parse', () => {
    const text = encodeEnvelope(sample)
    for (const extra of [',"v":2', ',"records":[]', ',"outcome":"lost"', ',"__proto__":{"v":2}', ',"x":{"y":[1]}']) {
      sameAsSlowly([text, text.replace(/\}$/, `${extra}}`), text])
    }
  })
})
