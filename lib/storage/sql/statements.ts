import type { Entry } from '../storage.ts'
import type { Filter } from '../filter.ts'
import { timeOf, valuesOf } from '../filter.ts'
import type { Dialect, Statement } from './dialect.ts'
import { foreignPositionOf, startOfForeignId } from './foreign-row.ts'
import type { TableName } from './table.ts'
import { quotedName } from './table.ts'

/** Which rows are meant, in the order of their positions. */
export interface Range {
  readonly after: number
  readonly upTo: number
  readonly most: number
  readonly filter: Filter
}

// A row of more bytes is read alone, when it is its turn, so that no page grows beyond all bounds.
const mostInPage = 8_192

/** A text in which values are bound as they come: in the order in which they stand in the text. */
class Draft {
  readonly values: unknown[] = []
  readonly #dialect: Dialect

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  bind(value: unknown): string {
    return this.#dialect.bound(this.values.push(value))
  }

  ended(text: string): Statement {
    return { text, values: this.values }
  }
}

/** The statements that are the same in every dialect, for one table. */
export class Statements {
  readonly #dialect: Dialect
  readonly #table: string
  readonly #name: string
  /** Not a row of StreamPark's that was stored anew: all others are the only one of their id. */
  readonly #isNewest: string

  constructor(dialect: Dialect, table: TableName) {
    this.#dialect = dialect
    this.#name = table.name
    this.#table = quotedName(dialect, table)
    // With an aggregate, since no database makes a join of that, which is slower where it is hardly ever needed.
    const newer = `(select max(n.version) from ${this.#table} n where n.id = ${this.#foreignId('t.')})`
    this.#isNewest = `(t.id is not null or ${newer} is null)`
  }

  /** The position of the row that was added last, 0 when there is none. */
  last(): Statement {
    return { text: `select coalesce(max(position), 0) from ${this.#table}`, values: [] }
  }

  /** How many entries there are. */
  count(): Statement {
    return { text: `select count(*) from ${this.#table} t where ${this.#isNewest}`, values: [] }
  }

  /** position, request, values. Of StreamPark's rows the time instead of a request. What is large is null. */
  page(range: Range): Statement {
    const draft = new Draft(this.#dialect)
    return draft.ended(this.#page(draft, range, ''))
  }

  /** The same, locked, of what nobody has claimed. */
  claimable(range: Range): Statement {
    const draft = new Draft(this.#dialect)
    const isFree = `and (t.claimed_until is null or t.claimed_until <= ${this.#dialect.now})`
    return draft.ended(`${this.#page(draft, range, isFree)} for update${this.#dialect.ofTable('t')} skip locked`)
  }

  /** position, request, values, timestamp, id, version of one row. With a token only if it is claimed by that. */
  whole(position: number, token?: string): Statement {
    const { quoted } = this.#dialect
    const draft = new Draft(this.#dialect)
    const columns = `position, request, ${quoted('values')}, ${quoted('timestamp')}, id, version`
    const isAt = `position = ${draft.bind(position)}`
    const isHis = token === undefined ? '' : ` and claimed_by = ${draft.bind(token)}`
    return draft.ended(`select ${columns} from ${this.#table} where ${isAt}${isHis}`)
  }

  claim(positions: readonly number[], token: string, lease: number): Statement {
    const draft = new Draft(this.#dialect)
    const set = `claimed_by = ${draft.bind(token)}, claimed_until = ${this.#dialect.now} + ${draft.bind(lease)}`
    return draft.ended(`update ${this.#table} set ${set} where ${this.#isAt(draft, positions)}`)
  }

  /** Only what is still claimed by the same: what lapsed may be another's by now. */
  renew(positions: readonly number[], token: string, lease: number): Statement {
    const { text, values } = this.claim(positions, token, lease)
    return { text: `${text} and claimed_by = ${this.#dialect.bound(values.length + 1)}`, values: [...values, token] }
  }

  /** Ends the claims at these positions, or all. */
  release(token: string, positions?: readonly number[]): Statement {
    const draft = new Draft(this.#dialect)
    const isHis = `claimed_by = ${draft.bind(token)}`
    const where = positions === undefined ? isHis : `${isHis} and ${this.#isAt(draft, positions)}`
    return draft.ended(`update ${this.#table} set claimed_by = null, claimed_until = null where ${where}`)
  }

  /** Up to the versions of the entries. */
  remove(entries: readonly Entry[]): Statement {
    const draft = new Draft(this.#dialect)
    const idsOf = new Map<number, string[]>()
    for (const { id, version } of entries) {
      const ids = idsOf.get(version)
      if (ids === undefined) idsOf.set(version, [id])
      else ids.push(id)
    }
    const parts = [...idsOf].map(
      ([version, ids]) => `version <= ${draft.bind(version)} and ${this.#dialect.isOneOf('id', draft.bind(ids))}`
    )
    parts.push(...this.#foreign(draft, entries))
    return draft.ended(`delete from ${this.#table} where ${parts.map(part => `(${part})`).join(' or ')}`)
  }

  // By the whole id too: it may be that of a row of another table that was stored here later.
  #foreign(draft: Draft, entries: readonly Entry[]): string[] {
    const ids = entries.map(({ id }) => id).filter(id => foreignPositionOf(id) !== undefined)
    if (ids.length === 0) return []
    const isThere = this.#isAt(
      draft,
      ids.map(id => foreignPositionOf(id)!)
    )
    const isIt = this.#dialect.isOneOf(this.#foreignId(''), draft.bind(ids))
    return [`id is null and ${isThere} and ${isIt}`]
  }

  #foreignId(alias: string): string {
    const timestamp = `coalesce(${alias}${this.#dialect.quoted('timestamp')}, 0)`
    return this.#dialect.joined(`'${startOfForeignId(this.#name)}'`, timestamp, `'.'`, `${alias}position`)
  }

  #isAt(draft: Draft, positions: readonly number[]): string {
    return this.#dialect.isOneOf('position', draft.bind(positions))
  }

  #page(draft: Draft, { after, upTo, most, filter }: Range, condition: string): string {
    // The sum, since a range of two ends looks like few rows to PostgreSQL, which then sorts the whole rest for each page.
    const where = `t.position > ${draft.bind(after)} and t.position + 0 <= ${draft.bind(upTo)} ${condition}`
    const wanted = this.#matching(draft, filter)
    return `select ${this.#cells()} from ${this.#table} t where ${where} ${wanted} and ${this.#isNewest} order by t.position limit ${most}`
  }

  #cells(): string {
    const { quoted, joined } = this.#dialect
    const [values, timestamp] = [`t.${quoted('values')}`, `coalesce(t.${quoted('timestamp')}, 0)`]
    const small = (text: string): string => `when octet_length(${text}) <= ${mostInPage} then ${text}`
    const request = `case when t.request is null then ${joined(`''`, timestamp)} ${small('t.request')} end`
    return `t.position, ${request}, case ${small(values)} end`
  }

  #matching(draft: Draft, { since, until, status, code, outcome }: Filter): string {
    const { quoted, isOneOf } = this.#dialect
    const timestamp = `coalesce(t.${quoted('timestamp')}, 0)`
    const parts: string[] = []
    if (since !== undefined) parts.push(`${timestamp} >= ${draft.bind(timeOf('since', since))}`)
    if (until !== undefined) parts.push(`${timestamp} < ${draft.bind(timeOf('until', until))}`)
    if (status !== undefined) parts.push(isOneOf('t.status', draft.bind([...valuesOf(status)!])))
    if (code !== undefined) parts.push(isOneOf('t.code', draft.bind([...valuesOf(code)!])))
    // What StreamPark has stored is judged when it was read.
    if (outcome !== undefined) {
      parts.push(`(t.request is null or ${isOneOf('t.outcome', draft.bind([...valuesOf(outcome)!]))})`)
    }
    return parts.map(part => `and ${part}`).join(' ')
  }
}
