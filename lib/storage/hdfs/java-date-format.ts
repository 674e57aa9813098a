import { OptionsError } from '../../errors.ts'

/** Makes the name of a folder of a time. */
export type DateFormat = (time: Date) => string

type Field = (time: Date, width: number) => string

const number =
  (of: (time: Date) => number): Field =>
  (time, width) =>
    String(of(time)).padStart(width, '0')

const text =
  (long: Intl.DateTimeFormatOptions, short: Intl.DateTimeFormatOptions): Field =>
  (time, width) =>
    new Intl.DateTimeFormat('en-US', width > 3 ? long : short).format(time)

const monthName = text({ month: 'long' }, { month: 'short' })
const weekday = text({ weekday: 'long' }, { weekday: 'short' })
const hours = (time: Date): number => time.getHours()

// Those of Java's SimpleDateFormat, which StreamPark uses, that make sense in a name and are the same everywhere.
const fields: Readonly<Record<string, Field>> = {
  y: (time, width) => (width === 2 ? number(year)(time, 2).slice(-2) : number(year)(time, width)),
  M: month,
  L: month,
  d: number(time => time.getDate()),
  D: number(dayOfYear),
  E: weekday,
  H: number(hours),
  k: number(time => hours(time) || 24),
  K: number(time => hours(time) % 12),
  h: number(time => hours(time) % 12 || 12),
  m: number(time => time.getMinutes()),
  s: number(time => time.getSeconds()),
  S: number(time => time.getMilliseconds()),
  a: time => (hours(time) < 12 ? 'AM' : 'PM')
}
const longest = 200
const known = Object.keys(fields).join(' ')

/**
 * A Java date pattern as a function, in this machine's time zone: letters are fields, text stands between quotes, two quotes
 * are one. What it makes is a path: a slash makes a folder within a folder. Throws `SPW_ERR_OPTIONS`.
 */
export function dateFormat(pattern: string): DateFormat {
  if (pattern.length > longest) throw wrong(pattern, `has ${pattern.length} characters: at most ${longest}`)
  const parts = partsOf(pattern)
  const format: DateFormat = time => parts.map(part => (typeof part === 'string' ? part : part(time))).join('')
  for (const name of format(new Date()).split('/')) {
    if (!/^[\p{L}\p{N}][\p{L}\p{N} _.=+@,-]*$/u.test(name)) {
      throw wrong(
        pattern,
        `makes the folder ${JSON.stringify(name)}: expected letters, digits and _ . = + @ , - between them`
      )
    }
  }
  return format
}

function partsOf(pattern: string): Array<string | DateFormat> {
  const parts: Array<string | DateFormat> = []
  for (let at = 0; at < pattern.length;) {
    const letter = pattern[at]!
    let end = at + 1
    if (letter === "'") {
      const quoted = quotedAt(pattern, at)
      parts.push(quoted.text)
      end = quoted.end
    } else if (/[A-Za-z]/.test(letter)) {
      while (pattern[end] === letter) end++
      parts.push(field(pattern, letter, end - at))
    } else parts.push(letter)
    at = end
  }
  return parts
}

function quotedAt(pattern: string, start: number): { text: string; end: number } {
  if (pattern[start + 1] === "'") return { text: "'", end: start + 2 }
  const texts: string[] = []
  for (let at = start + 1; ;) {
    const quote = pattern.indexOf("'", at)
    if (quote === -1) throw wrong(pattern, 'has a quote that is not closed')
    texts.push(pattern.slice(at, quote))
    if (pattern[quote + 1] !== "'") return { text: texts.join("'"), end: quote + 1 }
    at = quote + 2
  }
}

function field(pattern: string, letter: string, width: number): DateFormat {
  const format = fields[letter]
  if (format === undefined)
    throw wrong(pattern, `has the letter ${letter}, which is none of ${known}: text stands in quotes`)
  // Java refuses what is much longer, and nobody means it.
  if (width > 9) throw wrong(pattern, `has the letter ${letter} ${width} times: at most 9`)
  return time => format(time, width)
}

const wrong = (pattern: string, what: string): OptionsError =>
  new OptionsError(`failover/format ${JSON.stringify(pattern.slice(0, 100))} ${what}`)

function month(time: Date, width: number): string {
  return width > 2 ? monthName(time, width) : number(month => month.getMonth() + 1)(time, width)
}

function year(time: Date): number {
  return time.getFullYear()
}

function dayOfYear(time: Date): number {
  const start = Date.UTC(time.getFullYear(), 0, 1)
  return (Date.UTC(time.getFullYear(), time.getMonth(), time.getDate()) - start) / 86_400_000 + 1
}
