import { expect } from 'chai'
import fc from 'fast-check'
import { OptionsError } from '../lib/errors.ts'
import { nearest, optionsParser } from '../lib/options.ts'

class Instance {
  readonly kept = true
}

const schema = {
  type: 'object',
  properties: {
    size: { type: 'integer', minimum: 1, default: 5 },
    name: { type: 'string' },
    secret: { type: 'string', minLength: 3, secret: true },
    kind: { enum: ['one', 'other'], default: 'one' },
    act: { typeof: 'function' },
    instance: { typeof: 'object' },
    nested: {
      type: 'object',
      properties: { deep: { type: 'boolean', default: true } },
      additionalProperties: false,
      default: {}
    }
  },
  additionalProperties: false
} as const

const parse = optionsParser<Record<string, unknown>>('part', schema)

describe('optionsParser', () => {
  it('fills in the defaults, nested ones too', () => {
    expect(parse({})).to.deep.equal({ size: 5, kind: 'one', nested: { deep: true } })
    expect(parse(undefined)).to.deep.equal(parse({}))
    expect(parse({ nested: {} })).to.deep.equal(parse({}))
  })

  it('takes undefined for left out', () => {
    expect(parse({ size: undefined, name: undefined })).to.deep.equal(parse({}))
  })

  it('changes nothing of what it is given', () => {
    const given = { nested: {}, size: 7 }
    parse(given)
    expect(given).to.deep.equal({ nested: {}, size: 7 })
  })

  it('keeps functions and instances as they are', () => {
    const act = (): void => {}
    const instance = new Instance()
    const parsed = parse({ act, instance })
    expect(parsed.act).to.equal(act)
    expect(parsed.instance).to.equal(instance)
  })

  it('shares no default with another', () => {
    const first = parse({}).nested as { deep: boolean }
    first.deep = false
    expect(parse({}).nested).to.deep.equal({ deep: true })
  })

  const faults: Array<[unknown, string]> = [
    [{ sise: 5 }, 'part has no option "sise", did you mean "size"?'],
    [{ zzz: 5 }, 'part has no option "zzz"'],
    [{ nested: { deeep: true } }, 'part/nested has no option "deeep", did you mean "deep"?'],
    [{ size: '5' }, 'part/size must be integer, got "5"'],
    [{ size: 0 }, 'part/size must be >= 1, got 0'],
    [{ size: null }, 'part/size must be integer, got null'],
    [{ size: [1] }, 'part/size must be integer, got an array'],
    [{ kind: 'third' }, 'part/kind must be one of "one", "other", got "third"'],
    [{ act: 'x' }, 'part/act must be a function, got "x"'],
    [{ name: () => 'x' }, 'part/name must be string, got a function'],
    [{ nested: { deep: {} } }, 'part/nested/deep must be boolean, got an object'],
    [5, 'part must be object, got 5'],
    ['text', 'part must be object, got "text"'],
    [[], 'part must be object, got an array']
  ]
  for (const [options, message] of faults) {
    it(`says: ${message}`, () => {
      expect(() => parse(options))
        .to.throw(OptionsError)
        .with.property('message', message)
    })
  }

  it('says all faults, once each', () => {
    expect(() => parse({ size: 0, kind: 'x' })).to.throw(
      OptionsError,
      /^part\/size must be >= 1, got 0; part\/kind must be one of "one", "other", got "x"$/
    )
  })

  it('never quotes what is secret', () => {
    for (const secret of ['x', 17, ['hunter2'], { hunter2: 1 }]) {
      expect(() => parse({ secret }))
        .to.throw(OptionsError)
        .with.property('message')
        .that.does.not.match(/hunter2|17|"x"/)
    }
  })

  it('C21 takes no option from a prototype, and sets none', () => {
    expect(() => parse(JSON.parse('{"__proto__": {"size": 9}}'))).to.throw(
      OptionsError,
      'part has no option "__proto__"'
    )
    expect(() => parse(JSON.parse('{"constructor": 1}'))).to.throw(OptionsError, 'part has no option "constructor"')
    expect(({} as { size?: unknown }).size).to.equal(undefined)
  })
})

describe('nearest', () => {
  const table: Array<[string, string[], string | undefined]> = [
    ['succesCode', ['successCode', 'timeout'], 'successCode'],
    ['TIMEOUT', ['timeout'], 'timeout'],
    ['retires', ['retries', 'retryOn'], 'retries'],
    ['flie', ['file', 'none'], 'file'],
    ['batchsize', ['batchSize', 'batchBytes'], 'batchSize'],
    ['completely', ['file', 'none'], undefined],
    ['', ['file'], undefined],
    ['x', [], undefined]
  ]
  for (const [name, known, expected] of table) {
    it(`takes ${JSON.stringify(name)} for ${expected ?? 'none'} of ${known.join(', ') || 'nothing'}`, () => {
      expect(nearest(name, known)).to.equal(expected)
    })
  }

  it('finds a name with one letter changed', () => {
    const known = ['numWriters', 'queueCapacity', 'maxResponseBytes']
    fc.assert(
      fc.property(fc.constantFrom(...known), fc.nat(), (name, at) => {
        const i = at % name.length
        return nearest(`${name.slice(0, i)}_${name.slice(i + 1)}`, known) === name
      })
    )
  })
})
