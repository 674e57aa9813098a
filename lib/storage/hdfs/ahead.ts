/** How far ahead of its consumer something may get. */
export interface Ahead<Item, Result> {
  readonly start: (item: Item) => Promise<Result>
  /** Takes what was started and is not wanted any more. */
  readonly drop: (result: Result) => Promise<void>
  readonly sizeOf: (item: Item) => number
  /** Items under way, or waiting to be taken, at most. */
  readonly most: number
  /** Their sizes together, at most; one item always may. */
  readonly mostBytes: number
}

/** What `start` gives for each item, in order, with the next ones under way meanwhile. */
export async function* ahead<Item, Result>(
  items: AsyncIterable<Item>,
  { start, drop, sizeOf, most, mostBytes }: Ahead<Item, Result>
): AsyncGenerator<Result> {
  const iterator = items[Symbol.asyncIterator]()
  const started: Array<{ result: Promise<Result>; size: number }> = []
  let bytes = 0
  let isOver = false
  try {
    for (;;) {
      while (!isOver && started.length < most && bytes < mostBytes) {
        const next = await iterator.next()
        if (next.done === true) isOver = true
        else {
          const one = { result: start(next.value), size: sizeOf(next.value) }
          // It is awaited when its turn comes.
          one.result.catch(() => undefined)
          started.push(one)
          bytes += one.size
        }
      }
      const next = started.shift()
      if (next === undefined) return
      bytes -= next.size
      yield await next.result
    }
  } finally {
    await iterator.return?.()
    for (const { result } of started) {
      await result.then(drop).catch(() => undefined)
    }
  }
}
