import type { OptionsSchema } from '../../lib/options.ts'
import type { DocComment } from './doc-comments.ts'

/** What the tables need of an option's schema. */
export interface OptionSchema {
  readonly type?: string
  readonly typeof?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly OptionSchema[]
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly default?: unknown
  readonly unit?: string
}

/** A Markdown table of a schema's options: what each takes, its default and the sentences of its comment. */
export function optionsTable(schema: OptionsSchema, comments: ReadonlyMap<string, DocComment>): string {
  const rows = Object.entries(schema.properties as Record<string, OptionSchema>).map(([name, option]) => {
    const comment = comments.get(name)
    if (comment === undefined || comment.text === '') throw new Error(`the option ${name} has no comment`)
    return [`\`${name}\``, takes(option) ?? code(comment.type), defaultOf(option, comment), comment.text]
  })
  return table(['Option', 'Takes', 'Default', 'Meaning'], rows)
}

/** A Markdown table. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function takes(option: OptionSchema): string | undefined {
  const { type, enum: values, anyOf, unit } = option
  if (anyOf !== undefined) return alternatives(anyOf.map(item => takes(item)!))
  if (values !== undefined) return values.map(code).join(', ')
  if ('const' in option) return code(option.const)
  if (option.typeof !== undefined) return option.typeof === 'function' ? 'a function' : 'an object'
  if (type === 'integer' || type === 'number') return [range(option), unit].filter(Boolean).join(' ')
  return type === undefined ? undefined : words[type]
}

function alternatives(items: readonly string[]): string {
  const [last, ...others] = [...new Set(items)].reverse()
  return others.length === 0 ? last! : `${others.reverse().join(', ')} or ${last}`
}

const words: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: '`true`, `false`',
  object: 'an object',
  array: 'a list'
}

// Bounds that only keep nonsense out say nothing to a reader.
const farAway = 100_000_000

const isPort = ({ maximum }: OptionSchema): boolean => maximum === 65_535

function range(option: OptionSchema): string {
  const { minimum, exclusiveMinimum, maximum } = option
  if (isPort(option)) return 'a port'
  if (exclusiveMinimum !== undefined) return `> ${grouped(exclusiveMinimum)}`
  if (minimum === undefined) return 'a number'
  const from = grouped(minimum)
  return maximum === undefined || maximum > farAway ? `≥ ${from}` : `${from}–${grouped(maximum)}`
}

function defaultOf(option: OptionSchema, comment: DocComment): string {
  const value = option.default
  if (value === undefined || typeof value === 'object') return inText(comment.default)
  if (typeof value !== 'number' || isPort(option)) return code(value)
  return option.unit === 'bytes' ? grouped(value) + inBinary(value) : grouped(value)
}

function inText(comment: string | undefined): string {
  if (comment === undefined) return '–'
  return comment === '{}' ? '`{}`' : comment
}

function inBinary(bytes: number): string {
  if (bytes % 2 ** 20 === 0) return ` (${bytes / 2 ** 20} MiB)`
  return bytes % 2 ** 10 === 0 ? ` (${bytes / 2 ** 10} KiB)` : ''
}

const grouped = (count: number): string => count.toLocaleString('en-US')

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
