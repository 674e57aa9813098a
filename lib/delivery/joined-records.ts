import type { Format } from '../http/format.ts'
import { type Snapshot, sizeOf } from './snapshot.ts'

/**
 * Texts of which only the bytes of the body that they were joined to are kept, and cut apart again when somebody asks for them,
 * which happens to those that fail. A batch on its way is then outside of the heap, where no collection copies it.
 */
export class JoinedRecords {
  readonly length: number
  readonly format: Format
  readonly body: Buffer
  /** In bytes. */
  readonly #lengths: Uint32Array

  constructor(parts: readonly string[], format: Format) {
    const { open, separator, close } = format.frame!
    const text = framed(parts, open, close).join(separator)
    this.length = parts.length
    this.format = format
    this.body = Buffer.from(text)
    this.#lengths = new Uint32Array(parts.length)
    // As long in bytes as in characters: then each part is, too.
    const lengthOf = this.body.length === text.length ? characters : sizeOf
    for (let i = 0; i < parts.length; i++) this.#lengths[i] = lengthOf(parts[i]!)
  }

  cut(): Snapshot[] {
    const { open, separator } = this.format.frame!
    const records: Snapshot[] = []
    let at = open.length
    for (const length of this.#lengths) {
      records.push(this.body.toString('utf8', at, at + length))
      at += length + separator.length
    }
    return records
  }
}

// At the ends of the parts, not of the whole: that would be copied once more.
function framed(parts: readonly string[], open: string, close: string): string[] {
  const framed = [...parts]
  framed[0] = open + framed[0]!
  framed[framed.length - 1] += close
  return framed
}

const characters = (text: string): number => text.length

/** The records as one body where the format allows it, else as they are. */
export function joinedWhere(
  records: readonly Snapshot[],
  format: Format | undefined
): readonly Snapshot[] | JoinedRecords {
  if (format?.frame === undefined || records.length === 0 || !areTexts(records)) return records
  return new JoinedRecords(records, format)
}

function areTexts(records: readonly Snapshot[]): records is readonly string[] {
  for (const record of records) if (typeof record !== 'string') return false
  return true
}
