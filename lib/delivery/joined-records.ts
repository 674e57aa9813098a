import type { Format } from '../http/format.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * Records of which only the body that they were joined to is kept, and cut apart again when somebody asks for them, which
 * happens to those that fail. A batch on its way is then one text: the collector copies no 500 small ones.
 */
export class JoinedRecords {
  readonly length: number
  readonly format: Format
  readonly body: string
  readonly #lengths: Uint32Array

  constructor(parts: readonly string[], format: Format, body: string) {
    this.length = parts.length
    this.format = format
    this.body = body
    this.#lengths = Uint32Array.from(parts, part => part.length)
  }

  cut(): Snapshot[] {
    const { open, separator } = this.format.frame!
    const records: Snapshot[] = []
    let at = open.length
    for (const length of this.#lengths) {
      records.push(this.body.slice(at, at + length))
      at += length + separator.length
    }
    return records
  }
}

/** The records as one text where the format allows it, else as they are. */
export function joinedWhere(
  records: readonly Snapshot[],
  format: Format | undefined
): readonly Snapshot[] | JoinedRecords {
  if (format?.frame === undefined || !records.every(record => typeof record === 'string')) return records
  const { open, separator, close } = format.frame
  return new JoinedRecords(records, format, open + records.join(separator) + close)
}
