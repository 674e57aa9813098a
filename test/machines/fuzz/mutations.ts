export type Chance = () => number

const interesting = [
  '\n',
  '\r',
  '\0',
  ' ',
  '"',
  '\\',
  '%',
  '%2',
  '%ff',
  '%C3%28',
  '&',
  '=',
  '#',
  '?',
  '+',
  '/',
  '://',
  '@',
  ':',
  ',',
  ';',
  '{',
  '}',
  '[',
  ']',
  '-',
  '---\n',
  '- ',
  ': ',
  '!!',
  '&a',
  '*a',
  '${',
  '${X}',
  'null',
  'true',
  '0',
  '-1',
  '1e3',
  '0x10',
  '9'.repeat(12),
  '2147483648',
  'ä',
  '€',
  '😀',
  '\ud800',
  '\udc00',
  '\u2028',
  '\ufeff',
  '__proto__',
  'constructor',
  'NaN'
]

const below = (limit: number, chance: Chance): number => Math.floor(chance() * limit)

export const oneOf = <T>(list: readonly T[], chance: Chance): T => list[below(list.length, chance)]!

/** A text of the corpus, changed in a few places, or glued to another one. */
export function mutatedText(corpus: readonly string[], chance: Chance): string {
  let text = oneOf(corpus, chance)
  for (let left = below(5, chance); left > 0; left--) text = changed(text, corpus, chance)
  return text
}

function changed(text: string, corpus: readonly string[], chance: Chance): string {
  const [from, to] = [below(text.length + 1, chance), below(text.length + 1, chance)].sort((a, b) => a - b) as [
    number,
    number
  ]
  switch (below(6, chance)) {
    case 0:
      return text.slice(0, from) + oneOf(interesting, chance) + text.slice(from)
    case 1:
      return text.slice(0, from) + text.slice(Math.min(to, from + 8))
    case 2:
      return text.slice(0, from) + String.fromCharCode(below(256, chance)) + text.slice(from + 1)
    case 3:
      return text.slice(0, to) + text.slice(from)
    case 4:
      return text.slice(0, from) + oneOf(corpus, chance).slice(-from)
    default:
      return text.slice(0, from) + oneOf(interesting, chance).repeat(1 + below(3, chance)) + text.slice(to)
  }
}

/** Bytes changed in a few places: flipped, cut out, doubled, moved. */
export function mutatedBytes(bytes: Buffer, chance: Chance): Buffer {
  let left = Buffer.from(bytes)
  for (let times = 1 + below(4, chance); times > 0 && left.length > 0; times--) left = changedBytes(left, chance)
  return left
}

function changedBytes(bytes: Buffer, chance: Chance): Buffer<ArrayBuffer> {
  const from = below(bytes.length, chance)
  const to = Math.min(bytes.length, from + 1 + below(40, chance))
  switch (below(5, chance)) {
    case 0: {
      const other = Buffer.from(bytes)
      other[from]! ^= 1 << below(8, chance)
      return other
    }
    case 1:
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
    case 2:
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)])
    case 3:
      return Buffer.from(bytes.subarray(0, from))
    default:
      return Buffer.concat([bytes.subarray(0, from), Buffer.alloc(to - from, below(256, chance)), bytes.subarray(to)])
  }
}
