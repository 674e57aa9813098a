import type { Envelope } from '../envelope.ts'
import { line } from '../file/line.ts'
import type { Readable } from '../file/scan.ts'
import { envelopeOfValue } from '../streampark-value.ts'
import type { DataFile } from './survey.ts'

const newline = 0x0a
const carriageReturn = 0x0d
const chunkBytes = 256 * 1024
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A line of a file that StreamPark wrote. */
export interface PlainLine {
  /** Counted from 0, empty lines too. */
  readonly number: number
  readonly bytes: Buffer
}

/**
 * The lines of a file that are not empty, some at a time. A line that is longer than a text can be is left out, and so is one
 * that was begun when the file was deleted.
 */
export async function* plainLines(file: Readable, length: number): AsyncGenerator<PlainLine[]> {
  let rest = Buffer.alloc(0)
  let number = 0
  for (let at = 0; at < length;) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, length - at))
    const read = await file.read(chunk, 0, chunk.length, at)
    if (read === 0) return
    at += read
    const bytes = Buffer.concat([rest, chunk.subarray(0, read)])
    const lines: PlainLine[] = []
    let start = 0
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
      take(lines, number++, bytes.subarray(start, end))
      start = end + 1
    }
    rest = bytes.subarray(start)
    yield lines
  }
  const last: PlainLine[] = []
  take(last, number, rest)
  yield last
}

function take(lines: PlainLine[], number: number, text: Buffer): void {
  const bytes = text.at(-1) === carriageReturn ? text.subarray(0, -1) : text
  if (bytes.length > 0 && bytes.length <= line.longest) lines.push({ number, bytes })
}

/** What stands in such a line, whose id is where it is. Bytes that are no text are shown as they are, and refused. */
export function envelopeOfLine({ name }: DataFile, { number, bytes }: PlainLine): Envelope {
  const origin = { id: `${name.base}:${number + 1}`, acceptedAt: name.time }
  try {
    return envelopeOfValue(utf8.decode(bytes), origin)
  } catch {
    return { ...envelopeOfValue('', origin), records: [{ base64: bytes.toString('base64') }] }
  }
}
