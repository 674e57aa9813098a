import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap
} from 'yaml'
import { OptionsError } from '../errors.ts'
import { type Environment, expand } from './expand.ts'
import { pointerTo } from './pointer.ts'
import type { Secrets } from './secrets.ts'

/** No configuration has more values, aliases counted as often as they are used, and none is nested deeper. */
const mostValues = 10_000
const deepest = 32
/** No more lines that are no YAML are told of: what has so many is another file. */
const mostFaults = 10

/** A configuration file as plain values, `${…}` expanded, and where in the file each of them stands. */
export interface ConfigDocument {
  readonly file: string
  readonly value: Record<string, unknown>
  /** The same with every scalar as the text that stands in the file, as a properties file would have it. */
  readonly texts: Record<string, unknown>
  /** JSON pointers of the strings that something was put into. */
  readonly expanded: ReadonlySet<string>
  /** Of these, the ones that are unquoted and nothing but one `${…}`: they may stand for a number or a boolean. */
  readonly untyped: ReadonlySet<string>
  /** `file:line:column` of what a JSON pointer names, or of what is nearest around it. */
  locate(pointer: string): string
}

/**
 * Reads the text of a YAML or JSON file. What is put in from the environment is noted in `secrets`. Throws
 * `SPW_ERR_OPTIONS` with a line for each fault, each with its place in the file; values are never quoted.
 */
export function readDocument(text: string, file: string, environment: Environment, secrets: Secrets): ConfigDocument {
  const lines = new LineCounter()
  const document = parsed(text, file, lines)
  const walk = new Walk(document, file, lines, environment, secrets)
  const value = walk.plain(document.contents)
  walk.throwFaults()
  return {
    file,
    value: value as Record<string, unknown>,
    texts: walk.textual(document.contents) as Record<string, unknown>,
    expanded: walk.expanded,
    untyped: walk.untyped,
    locate: pointer => walk.locate(pointer)
  }
}

function parsed(text: string, file: string, lines: LineCounter): Document {
  // The parser is recursive, and a stack that is nearly used up does not throw but ends the process.
  if (depthOf(text) > deepest * 4) throw new OptionsError(`${file} is nested too deeply`)
  const document = parseDocument(text.replace(/^\uFEFF/, ''), {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'error'
  })
  // One fault a line: the later ones follow from the first.
  const faults = new Map(
    [...document.errors, ...document.warnings].reverse().map(fault => [lines.linePos(fault.pos[0]).line, fault])
  )
  if (faults.size > 0) {
    const all = [...faults.values()].reverse()
    const told = all.slice(0, mostFaults).map(fault => syntaxFault(fault, file, lines))
    if (all.length > mostFaults)
      told.push(`${file} has ${all.length - mostFaults} more such lines: is it a configuration?`)
    throw new OptionsError(told.join('\n'))
  }
  const { contents } = document
  if (isMap(contents)) return document
  const got = contents === null || (contents as Scalar).value === null ? 'nothing' : 'something else'
  throw new OptionsError(`${file}:1:1 must hold sections such as "http" and "failover", got ${got}`)
}

/** No nesting in `text` is deeper than this: open brackets, or what stands before the first word of a line. */
function depthOf(text: string): number {
  let open = 0
  let most = 0
  for (const [token] of text.matchAll(/^[ \t?:-]+|[[{\]}]/gm)) {
    if (token === ']' || token === '}') open = Math.max(0, open - 1)
    else if (token === '[' || token === '{') most = Math.max(most, ++open)
    else most = Math.max(most, token.length)
  }
  return most
}

function syntaxFault(
  fault: { code: string; message: string; pos: [number, number] },
  file: string,
  lines: LineCounter
): string {
  const place = placeOf(file, lines, fault.pos[0])
  return `${place} ${sentences[fault.code] ?? fault.message.split('\n')[0]}`
}

// Some of the parser's messages quote the text around the fault, which may be a password.
const sentences: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key stands twice in its section',
  MULTIPLE_DOCS: 'must be one document, got a second one after "---"',
  TAB_AS_INDENT: 'is indented with a tab; YAML takes only spaces',
  TAG_RESOLVE_FAILED: 'has a tag ("!…") that means nothing here',
  NON_STRING_KEY: 'a key must be a plain text',
  UNEXPECTED_TOKEN: 'is not valid here; a text with {, }, [, ], a comma or ": " in it needs quotes around it',
  BAD_SCALAR_START: 'starts with a character that needs quotes around the text'
}

function placeOf(file: string, lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset)
  return `${file}:${line}:${col}`
}

/** One way through the nodes of a document. */
class Walk {
  readonly expanded = new Set<string>()
  readonly untyped = new Set<string>()
  readonly #document: Document
  readonly #file: string
  readonly #lines: LineCounter
  readonly #environment: Environment
  readonly #secrets: Secrets
  readonly #faults: string[] = []
  readonly #offsets = new Map<string, number>([['', 0]])
  #values = 0

  constructor(document: Document, file: string, lines: LineCounter, environment: Environment, secrets: Secrets) {
    this.#document = document
    this.#file = file
    this.#lines = lines
    this.#environment = environment
    this.#secrets = secrets
  }

  plain(node: unknown): unknown {
    return this.#value(node, '', 0, (scalar, pointer) => {
      if (typeof scalar.value === 'string') return this.#expand(scalar, scalar.value, pointer)
      return this.#simple(scalar, pointer)
    })
  }

  textual(node: unknown): unknown {
    this.#values = 0
    return this.#value(node, '', 0, scalar => {
      if (scalar.value === null) return undefined
      if (typeof scalar.value !== 'string') return scalar.source ?? JSON.stringify(scalar.value)
      return expand(scalar.value, this.#environment).text
    })
  }

  locate(pointer: string): string {
    let known = pointer
    while (!this.#offsets.has(known)) known = known.slice(0, known.lastIndexOf('/'))
    return placeOf(this.#file, this.#lines, this.#offsets.get(known)!)
  }

  throwFaults(): void {
    if (this.#faults.length > 0) throw new OptionsError(this.#faults.join('\n'))
  }

  #value(node: unknown, pointer: string, depth: number, scalar: (node: Scalar, pointer: string) => unknown): unknown {
    if (++this.#values > mostValues || depth > deepest) {
      throw new OptionsError(`${this.locate(pointer)} has too many values or is nested too deeply`)
    }
    if (isAlias(node)) {
      const target = node.resolve(this.#document)
      if (target === undefined) this.#fault(pointer, `refers to ${node.source}, which is not set before it`)
      return this.#value(target, pointer, depth + 1, scalar)
    }
    if (isMap(node)) return this.#map(node, pointer, depth, scalar)
    if (isSeq(node)) {
      return node.items.map((item, i) => {
        const place = pointerTo(pointer, String(i))
        this.#offsets.set(place, (item as Node | null)?.range?.[0] ?? this.#offsets.get(pointer)!)
        return this.#value(item, place, depth + 1, scalar)
      })
    }
    return isScalar(node) ? scalar(node, pointer) : null
  }

  #map(node: YAMLMap, pointer: string, depth: number, scalar: (node: Scalar, pointer: string) => unknown): unknown {
    const entries = node.items.map(({ key, value }) => {
      const name = String((key as Scalar).value)
      const place = pointerTo(pointer, name)
      this.#offsets.set(place, (key as Scalar).range?.[0] ?? 0)
      if (name === '__proto__') this.#fault(place, 'is not a name that an option can have')
      return [name, this.#value(value, place, depth + 1, scalar)] as const
    })
    // Not by assignment, which would set the prototype.
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
  }

  #expand(scalar: Scalar, text: string, pointer: string): string {
    const { text: expandedText, values, expanded, whole, faults } = expand(text, this.#environment)
    for (const fault of faults) this.#fault(pointer, fault)
    if (expanded) this.expanded.add(pointer)
    if (whole && scalar.type === 'PLAIN') this.untyped.add(pointer)
    for (const [name, value] of values) this.#secrets.add(value, `\${${name}}`)
    return expandedText
  }

  #simple(scalar: Scalar, pointer: string): unknown {
    const { value } = scalar
    if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
    this.#fault(pointer, 'must be a text, a number, true, false or null')
    return undefined
  }

  #fault(pointer: string, sentence: string): void {
    this.#faults.push(`${this.locate(pointer)} ${pointer.slice(1)} ${sentence}`)
  }
}
