/** From and to, both included. */
export type Range = readonly [from: number, to: number]

/** A set of whole numbers, most of which stand in a row. */
export class Ranges {
  #ranges: Range[] = []

  get all(): readonly Range[] {
    return this.#ranges
  }

  get last(): number {
    return this.#ranges.at(-1)?.[1] ?? 0
  }

  add([from, to]: Range): void {
    const apart = this.#ranges.filter(range => range[1] < from - 1 || range[0] > to + 1)
    const joined = this.#ranges.filter(range => !apart.includes(range))
    const start = Math.min(from, ...joined.map(range => range[0]))
    const end = Math.max(to, ...joined.map(range => range[1]))
    this.#ranges = [...apart, [start, end] as const].sort((a, b) => a[0] - b[0])
  }

  /** What is not in it, from 1 to its last. */
  gaps(): Range[] {
    const gaps: Range[] = []
    let next = 1
    for (const [from, to] of this.#ranges) {
      if (from > next) gaps.push([next, from - 1])
      next = to + 1
    }
    return gaps
  }
}
