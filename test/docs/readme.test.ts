import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { docCommentsOf } from './doc-comments.ts'
import type { OptionSchema } from './options-table.ts'
import { readme, withGeneratedSections } from './readme.ts'
import { commentsOf, optionsSections } from './sections.ts'

const root = new URL('../../', import.meta.url)
const textOf = (name: string): string => readFileSync(new URL(name, root), 'utf8')
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md']

describe('README.md', () => {
  it('has the tables that the schemas and the error codes make: else run test/docs/write-readme.ts', () => {
    const text = readFileSync(readme, 'utf8')
    expect(text).to.equal(withGeneratedSections(text))
  })

  it('refuses a marker that nothing is generated for', () => {
    expect(() => withGeneratedSections('<!-- generated: options htp -->\n\n<!-- end -->')).to.throw('options htp')
  })

  it('refuses to leave a table out', () => {
    expect(() => withGeneratedSections('nothing here')).to.throw('the README has no place for')
  })

  for (const [name, section] of Object.entries(optionsSections)) {
    it(`finds the same defaults in the comments and in the schema of ${name}`, () => {
      for (const [option, schema] of Object.entries(section.schema.properties as Record<string, OptionSchema>)) {
        const [number] = /^[\d_]+(?=$| \()/.exec(commentsOf(section).get(option)?.default ?? '') ?? []
        if (number !== undefined) expect(schema.default, option).to.equal(Number(number.replaceAll('_', '')))
        else if (typeof schema.default === 'number') expect.fail(`the comment of ${option} does not say ${schema.default}`)
      }
    })
  }
})

describe('The documents', () => {
  for (const page of pages) {
    it(`${page} links to what is there`, () => {
      const text = textOf(page)
      for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)]*)\)/g)) {
        const [file = '', anchor] = target.split('#')
        expect(existsSync(new URL(file || page, root)), target).to.equal(true)
        if (anchor !== undefined) expect(anchorsIn(textOf(file || page)), target).to.include(anchor)
      }
    })

    it(`${page} names files and npm scripts that are there`, () => {
      const text = textOf(page)
      const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
      for (const [, script = ''] of text.matchAll(/npm run ([a-z:]+)/g)) expect(scripts).to.have.property(script)
      for (const [path] of text.matchAll(/\b(?:lib|test|examples)\/[\w/.-]+\.(?:test\.)?ts\b/g)) {
        expect(existsSync(new URL(path, root)), path).to.equal(true)
      }
    })
  }
})

describe('docCommentsOf', () => {
  it('reads a comment of several lines as one, and its default', () => {
    const comments = docCommentsOf('lib/http/options.ts', 'HttpOptions')
    expect(comments.get('headers')?.text).to.match(/^What every request carries\. A value .*\.$/)
    expect(comments.get('timeout')).to.include({ default: '10_000', type: 'number' })
  })

  it('says which interface it does not find', () => {
    expect(() => docCommentsOf('lib/http/options.ts', 'Nothing')).to.throw('no interface Nothing')
  })
})

// As the pages that show Markdown make them.
function anchorsIn(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
  )
}
