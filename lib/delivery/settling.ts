/** The settle hooks of a stream that have not come back yet, and the records and bytes that wait for them. */
export class Settling {
  records = 0
  bytes = 0
  readonly #pending = new Set<Promise<void>>()

  /** Waits for `pending` and then calls `done`, with the error if a hook failed. */
  add(pending: Promise<void>, records: number, bytes: number, done: (error?: unknown) => void): void {
    this.records += records
    this.bytes += bytes
    const over = (): void => {
      this.#pending.delete(tracked)
      this.records -= records
      this.bytes -= bytes
    }
    const tracked: Promise<void> = pending.then(
      () => {
        over()
        done()
      },
      (error: unknown) => {
        over()
        done(error)
      }
    )
    this.#pending.add(tracked)
  }

  /** Resolves when no hook is under way. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending)
  }
}
