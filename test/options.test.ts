import { expect } from 'chai'
import fc from 'fast-check'
import { OptionsError } from '../lib/errors.ts'
import { failoverSchema } from '../lib/failover-writable.ts'
import { httpSchema } from '../lib/http-writable.ts'
import { journalSchema } from '../lib/journal/options.ts'
import { nearest, optionsParser } from '../lib/options.ts'
import { retrySchema } from '../lib/retry-transform.ts'
import { sourceSchema } from '../lib/source/options.ts'
import { filterSchema } from '../lib/storage/filter.ts'
import { storageFrom, storageNames, storageSchema } from '../lib/storage/registry.ts'

class Instance {
  readonly kept = true
}

const code = [
  { type: 'integer', minimum: 100 },
  { type: 'string', minLength: 1 }
] as const

const schema = {
  type: 'object',
  properties: {
    size: { type: 'integer', minimum: 1, default: 5 },
    name: { type: 'string' },
    secret: { type: 'string', minLength: 3, secret: true },
    kind: { enum: ['one', 'other'], default: 'one' },
    act: { typeof: 'function' },
    instance: { typeof: 'object' },
    codes: { anyOf: [...code, { type: 'array', items: { anyOf: code }, minItems: 1 }] },
    header: { anyOf: [{ type: 'string', minLength: 2 }, { const: false }] },
    format: {
      anyOf: [
        { enum: ['json', 'text'] },
        { type: 'object', properties: { join: { typeof: 'function' } }, required: ['join'] }
      ]
    },
    hidden: { anyOf: [{ type: 'boolean' }, { type: 'integer' }], secret: true },
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
    [{ codes: {} }, 'part/codes must be integer, string or array, got an object'],
    [{ codes: true }, 'part/codes must be integer, string or array, got true'],
    [{ codes: 99 }, 'part/codes must be >= 100, got 99'],
    [{ codes: [200, null] }, 'part/codes/1 must be integer or string, got null'],
    [{ codes: [5, {}] }, 'part/codes/0 must be >= 100, got 5; part/codes/1 must be integer or string, got an object'],
    [{ codes: [] }, 'part/codes must NOT have fewer than 1 items, got an array'],
    [{ header: true }, 'part/header must be string or false, got true'],
    [{ header: 'x' }, 'part/header must NOT have fewer than 2 characters, got "x"'],
    [{ format: 'xml' }, 'part/format must be one of "json", "text", got "xml"'],
    [{ format: 5 }, 'part/format must be "json", "text" or object, got 5'],
    [{ format: {} }, 'part/format/join is missing'],
    [{ format: { join: 5 } }, 'part/format/join must be a function, got 5'],
    [{ hidden: '4711' }, 'part/hidden must be boolean or integer'],
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

describe('the schemas', () => {
  it('say of each pattern in words what it takes', () => {
    const patterns: object[] = []
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      if (typeof (value as { pattern?: unknown }).pattern === 'string') patterns.push(value)
      Object.values(value).forEach(walk)
    }
    walk([httpSchema, retrySchema, failoverSchema, journalSchema, filterSchema, sourceSchema])
    walk(storageNames.map(name => storageSchema(name)))
    expect(patterns).to.not.deep.equal([])
    for (const pattern of patterns) expect(pattern).to.have.property('form').that.is.a('string')
    expect(() => storageFrom({ storage: 'hdfs', namenode: 'hdfs://h', path: './x' })).to.throw(
      OptionsError,
      'failover/path must be a path from the root on, as /data/failover is, its names of letters'
    )
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
