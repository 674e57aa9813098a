import { InvalidArgumentError } from 'commander'

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** For the help of each flag that takes a time. */
export const plainNumber = 'a plain number is milliseconds'

/** `10s`, `1.5m`, `200ms`, `2h`, or plain milliseconds, as milliseconds. */
export function duration(text: string): number {
  const parts = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?$/.exec(text)
  if (parts === null) throw new InvalidArgumentError('It must be a time such as 500ms, 10s or 2m.')
  return Math.round(Number(parts[1]) * units[parts[2] ?? 'ms']!)
}

/** A span of time from the start on: `10s..13s`. */
export interface Span {
  readonly from: number
  readonly to: number
}

export function span(text: string): Span {
  const [from, to, ...more] = text.split('..').map(duration)
  if (from === undefined || to === undefined || more.length > 0 || to <= from) {
    throw new InvalidArgumentError('It must be a span such as 10s..13s.')
  }
  return { from, to }
}

/** From 0 for none to 1 for all. */
export function share(text: string): number {
  const value = number(text)
  if (value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('It must be a share from 0 to 1.')
}

export function number(text: string): number {
  if (!/^\d{1,15}(?:\.\d{1,9})?$/.test(text)) throw new InvalidArgumentError('It must be a number.')
  return Number(text)
}

export function integer(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

/** At least one. */
export function count(text: string): number {
  const value = integer(text)
  if (value >= 1) return value
  throw new InvalidArgumentError('It must be a whole number of at least 1.')
}

export function within(least: number, most: number): (text: string) => number {
  return text => {
    const value = integer(text)
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}

export function positive(text: string): number {
  const value = number(text)
  if (value > 0) return value
  throw new InvalidArgumentError('It must be more than 0.')
}

/** A port; 0 takes a free one. */
export function port(text: string): number {
  const value = integer(text)
  if (value <= 65_535) return value
  throw new InvalidArgumentError('It must be a port, 0 to 65535.')
}

/** A file or a folder. What begins like a flag is one: the value before it was forgotten. */
export function path(text: string): string {
  if (!text.startsWith('--')) return text
  throw new InvalidArgumentError(`A path is needed; write ./${text} for one of such a name.`)
}

/** Values separated by commas, or by giving the flag again. */
export function list<T>(parse: (text: string) => T): (text: string, earlier: T[] | undefined) => T[] {
  return (text, earlier = []) => [...earlier, ...text.split(',').map(item => parse(item.trim()))]
}
