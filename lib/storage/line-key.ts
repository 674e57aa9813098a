import { endOfNumber, isAt, type LineBytes, numberIn, wanted } from './line-bytes.ts'

/** Where the beginning of an envelope's text is, in bytes, and which version it says. */
export interface LineKey {
  readonly idAt: number
  readonly idEnd: number
  readonly version: number
  /** Behind the version. */
  readonly end: number
}

const start = wanted('{"v":1,"id":"')
const middle = wanted('","version":')
const space = 0x20
const quote = 0x22
const backslash = 0x5c
const firstSurrogate = 0xd800
const lastSurrogate = 0xdfff

/** `undefined` when it is not written as it is here, or the id has something that is escaped. */
export function lineKeyIn({ bytes, view }: LineBytes, from: number): LineKey | undefined {
  if (!isAt(view, from, start)) return undefined
  const idAt = from + start.byteLength
  let idEnd = idAt
  while (isPlain(bytes[idEnd]!)) idEnd++
  if (!isAt(view, idEnd, middle)) return undefined
  const versionAt = idEnd + middle.byteLength
  const end = endOfNumber(bytes, versionAt)
  const version = end === -1 ? 0 : numberIn(bytes, versionAt, end)
  return version === 0 ? undefined : { idAt, idEnd, version, end }
}

/** Whether JSON has an id as it is. Of surrogates that depends on the next one: they are taken for what has to be escaped. */
export function isPlainId(id: string): boolean {
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i)
    if (!isPlain(code) || (code >= firstSurrogate && code <= lastSurrogate)) return false
  }
  return true
}

const isPlain = (code: number): boolean => code >= space && code !== quote && code !== backslash
