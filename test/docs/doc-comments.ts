import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** What the comment of a property says. */
export interface DocComment {
  /** In one line. */
  readonly text: string
  /** What stands behind `@default`. */
  readonly default: string | undefined
  /** The property's type, as it is written; of a parameter of the interface, what that is by default. */
  readonly type: string
}

const root = new URL('../../', import.meta.url)

/** The doc comments of an interface's own properties, by name, read from the source. */
export function docCommentsOf(file: string, interfaceName: string): ReadonlyMap<string, DocComment> {
  const source = ts.createSourceFile(file, readFileSync(new URL(file, root), 'utf8'), ts.ScriptTarget.Latest, true)
  const declaration = source.statements.filter(ts.isInterfaceDeclaration).find(({ name }) => name.text === interfaceName)
  if (declaration === undefined) throw new Error(`${file} has no interface ${interfaceName}`)
  const defaults = new Map(
    declaration.typeParameters?.map(({ name, default: type }) => [name.text, type?.getText()] as const)
  )
  return new Map(
    declaration.members.filter(ts.isPropertySignature).map(member => [nameOf(member), commentOf(member, defaults)])
  )
}

// `'bootstrap.servers'` without its quotes.
const nameOf = ({ name }: ts.PropertySignature): string => (ts.isStringLiteral(name) ? name.text : name.getText())

function commentOf(
  member: ts.PropertySignature,
  defaults: ReadonlyMap<string, string | undefined>
): DocComment {
  const [comment] = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc)
  const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default')
  const type = member.type?.getText() ?? ''
  return {
    text: oneLine(comment?.comment),
    default: tag && oneLine(tag.comment),
    type: defaults.get(type) ?? type
  }
}

function oneLine(comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string {
  return (ts.getTextOfJSDocComment(comment) ?? '').replace(/\s+/g, ' ').trim()
}
