import { generatedSections } from './sections.ts'

/** Where the README is. */
export const readme = new URL('../../README.md', import.meta.url)

const marked = /(<!-- generated: ([^>]*?) -->\n)([^]*?)(\n<!-- end -->)/g

/** The README with its generated parts made anew: what stands between `<!-- generated: NAME -->` and `<!-- end -->`. */
export function withGeneratedSections(text: string): string {
  const sections = generatedSections()
  const made = text.replace(marked, (_whole, start: string, name: string, _old: string, end: string) => {
    const section = sections.get(name)
    if (section === undefined) throw new Error(`there is nothing to generate for "${name}"`)
    sections.delete(name)
    return `${start}\n${section}\n${end}`
  })
  const [missing] = sections.keys()
  if (missing !== undefined) throw new Error(`the README has no place for "${missing}"`)
  return made
}
