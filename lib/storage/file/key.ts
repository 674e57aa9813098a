import { envelopeInLine } from '../envelope-line.ts'
import type { LineBytes } from '../line-bytes.ts'
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
export function keyIn(lines: LineBytes, from: number, to: number, notBelow = 0): Key | undefined {
  const { bytes } = lines
  const key = lineKeyIn(lines, from)
  if (key === undefined || bytes[key.end] !== comma) return parsedKey(lines, from, to)
  return key.version < notBelow ? undefined : { id: bytes.toString('utf8', key.idAt, key.idEnd), version: key.version }
}

function parsedKey(lines: LineBytes, from: number, to: number): Key | undefined {
  try {
    return envelopeInLine(lines, from, to)
  } catch {
    return undefined
  }
}
