import { parseEnvelope } from '../envelope.ts'

export interface Key {
  readonly id: string
  readonly version: number
}

const start = Buffer.from('{"v":1,"id":"')
const middle = Buffer.from('","version":')
const quote = 0x22
const backslash = 0x5c

/**
 * Id and version of the envelope in a JSON text, without reading the rest: they stand at its beginning. `undefined` when the
 * version is below `notBelow`, or it is no envelope.
 */
export function keyIn(bytes: Buffer, from: number, to: number, notBelow = 0): Key | undefined {
  const idAt = from + start.length
  const idEnd = bytes.indexOf(quote, idAt)
  if (!isAt(bytes, from, start) || idEnd > to || !isAt(bytes, idEnd, middle)) return parsedKey(bytes, from, to)
  const version = digitsAt(bytes, idEnd + middle.length)
  if (version < notBelow) return undefined
  // An escape says that the quote that was found may be a part of the id.
  for (let i = idAt; i < idEnd; i++) if (bytes[i] === backslash) return parsedKey(bytes, from, to)
  return { id: bytes.toString('utf8', idAt, idEnd), version }
}

function parsedKey(bytes: Buffer, from: number, to: number): Key | undefined {
  try {
    return parseEnvelope(bytes.toString('utf8', from, to))
  } catch {
    return undefined
  }
}

function isAt(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false
  return true
}

function digitsAt(bytes: Uint8Array, at: number): number {
  let number = 0
  for (let i = at; bytes[i]! >= 0x30 && bytes[i]! <= 0x39; i++) number = number * 10 + bytes[i]! - 0x30
  return number
}
