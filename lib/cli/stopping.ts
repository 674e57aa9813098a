/** What a command does when it is asked to stop. */
export interface Stops {
  /** The first signal: finish what is under way. */
  first(signal: NodeJS.Signals): void
  /** Another one: finish at once. */
  second(signal: NodeJS.Signals): void
  /** Yet another one: do not wait for the storage either. */
  third(signal: NodeJS.Signals): void
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Watches for the signals that ask a process to stop. */
export class Stopping {
  readonly #stops: Stops
  readonly #onSignal = (signal: NodeJS.Signals): void => this.#take(signal)
  #first: NodeJS.Signals | undefined
  #count = 0

  constructor(stops: Stops) {
    this.#stops = stops
    for (const signal of signals) process.on(signal, this.#onSignal)
  }

  /** The first signal that came. */
  get signal(): NodeJS.Signals | undefined {
    return this.#first
  }

  /** Signals do again what they do without this. */
  end(): void {
    for (const signal of signals) process.off(signal, this.#onSignal)
  }

  #take(signal: NodeJS.Signals): void {
    this.#first ??= signal
    const stop = (['first', 'second'] as const)[this.#count++] ?? 'third'
    this.#stops[stop](signal)
  }
}
