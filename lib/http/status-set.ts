import { OptionsError } from '../errors.ts'

/** Which status codes are meant: `200`, `[200, 201]`, `'2xx'`, `'2xx,404'`, `'5xx,!501'`. What is excluded wins. */
export type StatusSet = number | string | readonly (number | string)[]

const item = {
  anyOf: [
    { type: 'integer', minimum: 100, maximum: 999 },
    { type: 'string', minLength: 1 }
  ]
}

export const statusSetSchema = { anyOf: [...item.anyOf, { type: 'array', items: item, minItems: 1 }] } as const

/** Throws `SPW_ERR_OPTIONS`, naming `option`, for a set that cannot be read. */
export function statusSet(option: string, set: StatusSet): (status: number) => boolean {
  const included = new Set<number>()
  const excluded = new Set<number>()
  for (const item of [set].flat()) {
    for (const word of String(item).split(',')) {
      const name = word.trim()
      const codes = codesOf(option, name.replace('!', ''))
      for (const code of codes) (name.startsWith('!') ? excluded : included).add(code)
    }
  }
  if (included.size === 0) throw new OptionsError(`${option} must include a status, got ${JSON.stringify(set)}`)
  return status => included.has(status) && !excluded.has(status)
}

function codesOf(option: string, name: string): number[] {
  if (/^[1-9]\d\d$/.test(name)) return [Number(name)]
  if (/^[1-9]xx$/i.test(name)) return Array.from({ length: 100 }, (_, i) => Number(name[0]) * 100 + i)
  throw new OptionsError(`${option} must be made of statuses such as 200, '2xx' or '!501', got ${JSON.stringify(name)}`)
}
