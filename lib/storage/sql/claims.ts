/** What `Claims` does to the table. */
export interface Claiming {
  renew(positions: readonly number[]): Promise<unknown>
  /** Without positions: all of this storage. */
  release(positions?: readonly number[]): Promise<unknown>
  /** Milliseconds after which a claim lapses that is not renewed. */
  readonly lease: number
}

/** The claim of a row. A newer one of the same row is another. */
export interface Claim {
  readonly position: number
  /** Until then, by the monotonic clock, nobody else can have it. */
  until: number
}

/**
 * The rows that this storage has claimed. They stay claimed as long as this process lives, or until they are removed or
 * released: a timer renews their leases.
 *
 * A row that is claimed is in `#held`, or in `#released` until the table knows.
 */
export class Claims {
  readonly #claiming: Claiming
  readonly #held = new Map<number, Claim>()
  #released: number[] = []
  #releasing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isUncertain = false

  constructor(claiming: Claiming) {
    this.#claiming = claiming
  }

  /** The rows at these positions were claimed by a statement that was sent at `since` or later, by the monotonic clock. */
  add(positions: readonly number[], since: number): Claim[] {
    const { lease } = this.#claiming
    const claims = positions.map(position => ({ position, until: since + lease }))
    for (const claim of claims) this.#held.set(claim.position, claim)
    if (this.#held.size > 0) this.#timer ??= setInterval(() => this.#renew(), Math.ceil(lease / 3)).unref()
    return claims
  }

  /** Whether nobody else can have the row, nor another claim of it been made here. */
  holds(claim: Claim): boolean {
    return this.#held.get(claim.position) === claim && performance.now() < claim.until
  }

  /** The row was removed. */
  drop(claim: Claim): void {
    if (this.#held.get(claim.position) !== claim) return
    this.#held.delete(claim.position)
    if (this.#held.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  release(claim: Claim): void {
    if (this.#held.get(claim.position) !== claim) return
    this.drop(claim)
    this.#released.push(claim.position)
    this.#releasing ??= this.#release()
  }

  /** Rows may have been claimed that nobody here knows of: an answer was lost. */
  doubt(): void {
    this.#isUncertain = true
  }

  /** Resolves when the table knows what was released. What could not be said lapses by itself. */
  async settled(): Promise<void> {
    while (this.#releasing !== undefined) await this.#releasing
  }

  /** Ends all claims. */
  async end(): Promise<void> {
    await this.settled()
    if (this.#held.size === 0 && !this.#isUncertain) return
    const held = [...this.#held.keys()]
    this.#held.clear()
    clearInterval(this.#timer)
    // All that bears its name is found by looking at every row.
    if (this.#isUncertain) await this.#claiming.release().catch(() => undefined)
    else for (const some of groupsOf(held)) await this.#claiming.release(some).catch(() => undefined)
  }

  // Those of one turn of the event loop together.
  async #release(): Promise<void> {
    await new Promise(resolve => setImmediate(resolve))
    const positions = this.#released
    this.#released = []
    for (const some of groupsOf(positions)) await this.#claiming.release(some).catch(() => undefined)
    this.#releasing = this.#released.length > 0 ? this.#release() : undefined
  }

  #renew(): void {
    for (const some of groupsOf([...this.#held.values()])) this.#renewSome(some).catch(() => undefined)
  }

  async #renewSome(claims: readonly Claim[]): Promise<void> {
    const until = performance.now() + this.#claiming.lease
    await this.#claiming.renew(claims.map(({ position }) => position))
    const now = performance.now()
    // What has lapsed before the answer came may have been another's by then.
    for (const claim of claims) if (now < claim.until) claim.until = until
  }
}

const mostAtOnce = 5_000

function groupsOf<T>(all: readonly T[]): Array<readonly T[]> {
  const groups: Array<readonly T[]> = []
  for (let from = 0; from < all.length; from += mostAtOnce) groups.push(all.slice(from, from + mostAtOnce))
  return groups
}
