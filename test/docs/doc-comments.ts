import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** What the comment of a property says. */
export interface DocComment {
  /** In one line. */
  readonly text: string
  /** What stands behind `@default`. */
  readonly default: string | undefined
  /** The property's type, as it is written. */
  readonly type: string
}

const root = new URL('../../', import.meta.url)

/** The doc comments of an interface's own properties, by name, read from the source. */
export function docCommentsOf(file: string, interfaceName: string): ReadonlyMap<string, DocComment> {
  const source = ts.createSourceFile(file, readFileSync(new URL(file, root), 'utf8'), ts.ScriptTarget.Latest, true)
  const declaration = source.statements.filter(ts.isInterfaceDeclaration).find(({ name }) => name.text === interfaceName)
  if (declaration === undefined) throw new Error(`${file} has no interface ${interfaceName}`)
  return new Map(declaration.members.filter(ts.isPropertySignature).map(member => [nameOf(member), commentOf(member)]))
}

// `'bootstrap.servers'` without its quotes.
const nameOf = ({ name }: ts.PropertySignature): string => (ts.isStringLiteral(name) ? name.text : name.getText())

function commentOf(member: ts.PropertySignature): DocComment {
  const [comment] = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc)
  const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default')
  return { text: oneLine(comment?.comment), default: tag && oneLine(tag.comment), type: member.type?.getText() ?? '' }
}

function oneLine(comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string {
  return (ts.getTextOfJSDocComment(comment) ?? '').replace(/\s+/g, ' ').trim()
}
