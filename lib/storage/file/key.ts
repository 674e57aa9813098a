import { envelopeInLine } from '../envelope-line.ts'
import { lineKeyIn } from '../line-key.ts'

export interface Key {
  readonly id: string
  readonly version: number
}

const comma = 0x2c

/**
 * Id and version of the envelope in a line, without reading the rest: they stand at its beginning. `undefined` when the version
 * is below `notBelow`, or it is no envelope.
 */
export function keyIn(bytes: Buffer, from: number, to: number, notBelow = 0): Key | undefined {
  const key = lineKeyIn(bytes, from)
  if (key === undefined || bytes[key.end] !== comma) return parsedKey(bytes, from, to)
  return key.version < notBelow ? undefined : { id: bytes.toString('utf8', key.idAt, key.idEnd), version: key.version }
}

function parsedKey(bytes: Buffer, from: number, to: number): Key | undefined {
  try {
    return envelopeInLine(bytes, from, to)
  } catch {
    return undefined
  }
}
