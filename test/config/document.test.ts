import { expect } from 'chai'
import { type ConfigDocument, readDocument } from '../../lib/config/document.ts'
import { Secrets } from '../../lib/config/secrets.ts'
import { OptionsError } from '../../lib/errors.ts'
import { processorTime } from '../support/processor-time.ts'

const environment = { TOKEN: 'canary-4711', PORT: '8080' }

const read = (text: string): ConfigDocument => readDocument(text, 'f.yaml', environment, new Secrets())

function faultOf(text: string): string {
  try {
    read(text)
  } catch (error) {
    expect(error).to.be.instanceOf(OptionsError)
    return (error as Error).message
  }
  return 'no fault'
}

describe('readDocument', () => {
  it('reads YAML', () => {
    expect(read('http:\n  url: http://h/ # where\n  retryOn: [500, 5xx]\nretry:\n').value).to.deep.equal({
      http: { url: 'http://h/', retryOn: [500, '5xx'] },
      retry: null
    })
  })

  it('reads JSON, with tabs and a byte order mark too', () => {
    expect(read('\ufeff{\n\t"http": {\n\t\t"url": "http://h/", "batchSize": 5\n\t}\n}').value).to.deep.equal({
      http: { url: 'http://h/', batchSize: 5 }
    })
  })

  it('says where each option stands', () => {
    const document = read('http:\n  url: x\n  headers:\n    a/b: c\nlist:\n  - 1\n  - 2\n')
    expect(document.locate('/http/url')).to.equal('f.yaml:2:3')
    expect(document.locate('/http/headers/a~1b')).to.equal('f.yaml:4:5')
    expect(document.locate('/list/1')).to.equal('f.yaml:7:5')
    expect(document.locate('/http/none/deeper')).to.equal('f.yaml:1:1')
  })

  it('expands texts, and neither keys nor what is not a text', () => {
    const document = read('http:\n  token: ${TOKEN}\n  "${TOKEN}": 1\n  size: 5\n')
    expect(document.value).to.deep.equal({ http: { token: 'canary-4711', '${TOKEN}': 1, size: 5 } })
    expect([...document.expanded]).to.deep.equal(['/http/token'])
  })

  it('cannot be given structure by a variable', () => {
    const text = readDocument('a: ${A}', 'f', { A: '{ b: 1 }\nc: 2' }, new Secrets())
    expect(text.value).to.deep.equal({ a: '{ b: 1 }\nc: 2' })
  })

  it('tells an unquoted reference, which may be a number, from a quoted one', () => {
    expect([...read('a: ${PORT}\nb: "${PORT}"\nc: x${PORT}\n').untyped]).to.deep.equal(['/a'])
  })

  it('gives every scalar as the text that stands in the file', () => {
    expect(read('a: 0123\nb: yes\nc: 1.50\nd: true\ne: "${PORT}"\nf:\n').texts).to.deep.equal({
      a: '0123',
      b: 'yes',
      c: '1.50',
      d: 'true',
      e: '8080'
    })
  })

  it('notes what came from outside as a secret', () => {
    const secrets = new Secrets()
    readDocument('a: Bearer ${TOKEN}\nb: ${NONE:-visible}', 'f', environment, secrets)
    expect(secrets.redact('Bearer canary-4711 visible')).to.equal('Bearer ${TOKEN} visible')
  })

  it('C05 lists every missing variable with its place and no value', () => {
    expect(faultOf('a: ${TOKEN} ${NONE}\nb:\n  c: ${OTHER:?set it}\n')).to.equal(
      'f.yaml:1:1 a needs the environment variable NONE, which is not set\n' +
        'f.yaml:3:3 b/c needs the environment variable OTHER: set it'
    )
  })

  it('expands a text as often as an alias repeats it', () => {
    expect(read('a: &t ${TOKEN}\nb: *t\n').value).to.deep.equal({ a: 'canary-4711', b: 'canary-4711' })
  })

  const wrong: ReadonlyArray<readonly [string, string, string]> = [
    ['an empty file', '', 'f.yaml:1:1 must hold sections such as "http" and "failover", got nothing'],
    ['only a comment', '# nothing', 'f.yaml:1:1 must hold sections such as "http" and "failover", got nothing'],
    ['a list', '- 1', 'f.yaml:1:1 must hold sections such as "http" and "failover", got something else'],
    ['a text', 'hello', 'f.yaml:1:1 must hold sections such as "http" and "failover", got something else'],
    ['a key that stands twice', 'a: 1\nb: 2\na: 3', 'f.yaml:3:1 this key stands twice in its section'],
    ['a key that stands twice in JSON', '{"a": 1, "a": 2}', 'f.yaml:1:10 this key stands twice in its section'],
    ['two documents', 'a: 1\n---\nb: 2', 'f.yaml:2:1 must be one document, got a second one after "---"'],
    ['a tab', 'a:\n\tb: 1', 'f.yaml:2:1 is indented with a tab; YAML takes only spaces'],
    ['an unknown tag', 'a: !secret x', 'f.yaml:1:4 has a tag ("!…") that means nothing here'],
    ['bytes', 'a: !!binary aGk=', 'f.yaml:1:1 a must be a text, a number, true, false or null'],
    ['a list as a key', '? [a]\n: 1', 'f.yaml:1:3 a key must be a plain text'],
    ['an alias of nothing', 'a: *none', 'f.yaml:1:1 a refers to none, which is not set before it'],
    ['an alias of itself', 'a: &a [*a]', 'f.yaml:1:8 has too many values or is nested too deeply'],
    [
      'a bare reference in braces',
      'a: { b: ${TOKEN} }',
      'f.yaml:1:10 is not valid here; a text with {, }, [, ], a comma or ": " in it needs quotes around it'
    ]
  ]
  for (const [what, text, fault] of wrong) it(`refuses ${what}`, () => expect(faultOf(text)).to.equal(fault))

  it('C21 refuses a key called __proto__, in YAML and in JSON', () => {
    for (const text of ['a:\n  __proto__:\n    polluted: 1\n', '{"__proto__": {"polluted": 1}}', '"__proto__": 1']) {
      expect(faultOf(text)).to.match(/__proto__ is not a name that an option can have$/)
    }
    expect(({} as Record<string, unknown>).polluted).to.equal(undefined)
  })

  it('C20 refuses aliases that multiply, in no time', () => {
    const levels = Array.from(
      { length: 9 },
      (_, i) => `l${i}: &l${i} [${i === 0 ? 'x,'.repeat(9) : `*l${i - 1},`.repeat(9)}]`
    )
    const time = processorTime(() => expect(faultOf(levels.join('\n'))).to.match(/too many values/))
    expect(time).to.be.below(2_000)
  })

  it('C20 refuses nesting that would exhaust the stack, without harm to the process', () => {
    for (const text of ['[', '{', '- ', '? ', '{a: ', ' '].map(part => part.repeat(100_000) + 'x')) {
      expect(faultOf(text)).to.match(/nested too deeply|must hold sections/)
    }
  })

  it('tells of ten lines of a file that is no configuration, and how many more there are', () => {
    const lines = '{"id":1}\n'.repeat(50)
    const faults = faultOf(lines).split('\n')
    expect(faults).to.have.lengthOf(11)
    expect(faults.at(-1)).to.equal('f.yaml has 39 more such lines: is it a configuration?')
  })

  it('C08 does not quote the text around a syntax error', () => {
    for (const text of ['a: "canary-4711', 'a: canary-4711: x', 'a: [canary-4711', "a: 'canary-4711' canary-4711"]) {
      expect(faultOf(text))
        .to.match(/^f\.yaml:\d/)
        .and.not.include('canary')
    }
  })
})
