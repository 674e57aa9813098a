import { parseEnvelope } from '../envelope.ts'

export interface Key {
  readonly id: string
  readonly version: number
}

const start = Buffer.from('{"v":1,"id":"')
const middle = Buffer.from('","version":')
const quote = 0x22
const comma = 0x2c
const backslash = 0x5c

/**
 * Id and version of the envelope in a JSON text, without reading the rest: they stand at its beginning. `undefined` when the
 * version is below `notBelow`, or it is no envelope.
 */
export function keyIn(bytes: Buffer, from: number, to: number, notBelow = 0): Key | undefined {
  const idAt = from + start.length
  const idEnd = bytes.indexOf(quote, idAt)
  if (!isAt(bytes, from, start) || idEnd > to || !isAt(bytes, idEnd, middle)) return parsedKey(bytes, from, to)
  const versionAt = idEnd + middle.length
  const versionEnd = bytes.indexOf(comma, versionAt)
  const version = digitsIn(bytes, versionAt, versionEnd)
  if (version === undefined) return parsedKey(bytes, from, to)
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

// A number that is not written as this release writes it has other characters, or is empty.
function digitsIn(bytes: Uint8Array, from: number, to: number): number | undefined {
  if (to <= from) return undefined
  let number = 0
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - 0x30
    if (digit < 0 || digit > 9) return undefined
    number = number * 10 + digit
  }
  return number
}
