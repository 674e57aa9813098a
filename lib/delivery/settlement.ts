/** What became of a delivery. */
export type Outcome = 'delivered' | 'stored' | 'abandoned'

/** Called once with what became of a delivery. What it returns is awaited; when it rejects, the stream errors. */
export type SettleHook = (outcome: Outcome) => void | Promise<void>

/** Who is to be told, once, what became of a delivery. All makings of one delivery share it. */
export class Settlement {
  #hooks: SettleHook[] = []
  #outcome: Outcome | undefined

  /** `outcome` where it is known already. */
  constructor(outcome?: Outcome) {
    this.#outcome = outcome
  }

  get outcome(): Outcome | undefined {
    return this.#outcome
  }

  add(hook: SettleHook): void {
    this.#hooks.push(hook)
  }

  /** Runs the hooks. `undefined` when there is nothing to wait for, as in most cases: then no promise is made. */
  settle(outcome: Outcome): Promise<void> | undefined {
    if (this.#outcome !== undefined) return undefined
    this.#outcome = outcome
    if (this.#hooks.length === 0) return undefined
    if (this.#hooks.length === 1) return called(this.#hooks[0]!, outcome)
    const pending = this.#hooks.map(hook => called(hook, outcome)).filter(result => result !== undefined)
    if (pending.length === 0) return undefined
    return Promise.all(pending).then(() => undefined)
  }
}

function called(hook: SettleHook, outcome: Outcome): Promise<void> | undefined {
  try {
    const result: unknown = hook(outcome)
    return isThenable(result) ? Promise.resolve(result) : undefined
  } catch (error) {
    return Promise.reject(error)
  }
}

// An arrow function gives what its expression does: the new length of an array, say.
function isThenable(result: unknown): result is PromiseLike<void> {
  return typeof (result as { then?: unknown } | null | undefined)?.then === 'function'
}

const rank: Record<Outcome, number> = { delivered: 0, stored: 1, abandoned: 2 }

/** A hook for each of `parts` parts, which settles the whole with the worst of their outcomes once all are known. */
export function gathered(parts: number, settle: (outcome: Outcome) => Promise<void> | undefined): SettleHook {
  let missing = parts
  let worst: Outcome = 'delivered'
  return outcome => {
    if (rank[outcome] > rank[worst]) worst = outcome
    return --missing === 0 ? settle(worst) : undefined
  }
}
