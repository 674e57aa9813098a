import type { Envelope } from '../envelope.ts'
import { matching } from '../filter.ts'
import type { Entry, ReadOptions } from '../storage.ts'
import type { Claim, Claims } from './claims.ts'
import type { Cell } from './dialect.ts'
import { envelopeInPage, SqlEntry } from './entry.ts'
import type { Range } from './statements.ts'

export type Cells = readonly Cell[]

/** A row, and its claim if it was read with one. */
interface Found {
  readonly cells: Cells
  readonly claim: Claim | undefined
}

export type Page = readonly Found[]

/** What a reading needs of a storage. */
export interface Source {
  /** The table's name. */
  readonly table: string
  /** The position of the last row. */
  last(): Promise<number>
  page(range: Range, claims: Claims | undefined): Promise<Page>
  /** The envelope of one row; `undefined` when it is gone, or `isClaimed` and it is not claimed any more. */
  whole(position: number, isClaimed: boolean): Promise<Envelope | undefined>
}

const mostRows = 1_000
// Where rows are small, so that more of them take no more memory: each page costs a statement.
const mostSmallRows = 2_000
const smallPage = 1024 * 1024
// Of what is claimed and not given yet others get nothing: a slow reader takes little at once.
const fewestRows = 50
const quick = 500

/**
 * The entries up to the last one that is there now, in pages, of which the next one is fetched while one is given. With
 * `claims` what is not given is released at the end.
 */
export async function* entriesIn(
  source: Source,
  { filter = {}, signal }: ReadOptions,
  claims: Claims | undefined
): AsyncGenerator<Entry> {
  const matches = matching(filter)
  const upTo = await source.last()
  let most = claims === undefined ? mostRows : fewestRows
  let next: Fetch | undefined = fetched(source, { after: 0, upTo, most, filter }, claims)
  let page: Page = []
  let at = 0
  try {
    while (next !== undefined) {
      page = await next.page
      at = 0
      const isLast: boolean = page.length < next.most
      if (claims === undefined) most = isSmall(page) ? mostSmallRows : mostRows
      next = isLast ? undefined : fetched(source, { after: Number(page.at(-1)!.cells[0]), upTo, most, filter }, claims)
      // Whoever takes them without a pause would else keep the request for the next page from being sent meanwhile.
      await new Promise(resolve => setImmediate(resolve))
      const start = performance.now()
      while (at < page.length) {
        if (signal?.aborted) return
        const { cells, claim } = page[at]!
        const position = Number(cells[0])
        const envelope = envelopeInPage(cells, source.table) ?? (await source.whole(position, claim !== undefined))
        at++
        const claimed = claims && claim && { claims, claim }
        // One that has lapsed may be another's; so may what was stored anew.
        const isOurs = claimed === undefined || claimed.claims.holds(claimed.claim)
        if (isOurs && envelope !== undefined && matches(envelope)) yield new SqlEntry(envelope, claimed)
        else if (claim !== undefined) claims?.release(claim)
      }
      if (claims !== undefined) most = nextSize(most, performance.now() - start)
    }
  } finally {
    if (claims !== undefined) await giveBack(claims, page.slice(at), next)
  }
}

interface Fetch {
  readonly page: Promise<Page>
  readonly most: number
}

function fetched(source: Source, range: Range, claims: Claims | undefined): Fetch {
  const page = source.page(range, claims)
  // Whoever waits for it is told.
  page.catch(() => undefined)
  return { page, most: range.most }
}

/** Whether so many rows as are in a page by default have few bytes. */
function isSmall(page: Page): boolean {
  let characters = 0
  for (const { cells } of page) characters += lengthOf(cells[1]) + lengthOf(cells[2])
  return characters * mostRows < smallPage * page.length
}

const lengthOf = (cell: Cell | undefined): number => (typeof cell === 'string' ? cell.length : 0)

const nextSize = (size: number, took: number): number =>
  took < quick ? Math.min(size * 2, mostRows) : Math.max(Math.floor(size / 2), fewestRows)

async function giveBack(claims: Claims, rest: Page, next: Fetch | undefined): Promise<void> {
  const ahead = (await next?.page.catch(() => [])) ?? []
  for (const { claim } of [...rest, ...ahead]) if (claim !== undefined) claims.release(claim)
  await claims.settled()
}
