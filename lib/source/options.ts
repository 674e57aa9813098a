import type { OptionsSchema } from '../options.ts'

/** The options of what the command line reads: the section `source` of a configuration file. */
export interface SourceOptions {
  /** A file, a folder of files (read in the order of their names), or `-` for standard input. Ending in `.gz`: unpacked. */
  input?: string
  /**
   * `ndjson`: a JSON text a line; `lines`: each line is a text; `csv`: a header row, then an object of texts a row.
   * @default by the file's name: `.csv` is csv, `.txt` is lines, all else ndjson
   */
  format?: SourceFormat
  /** Bytes of one line, or row, at most. A longer one counts as damaged. @default 16_777_216 (16 MiB) */
  maxLineBytes?: number
}

export type SourceFormat = 'ndjson' | 'lines' | 'csv'

export const sourceSchema = {
  type: 'object',
  properties: {
    input: { type: 'string', minLength: 1 },
    format: { enum: ['ndjson', 'lines', 'csv'] },
    maxLineBytes: {
      type: 'integer',
      minimum: 1024,
      maximum: 512 * 1024 * 1024,
      default: 16 * 1024 * 1024,
      unit: 'bytes'
    }
  },
  additionalProperties: false
} as const satisfies OptionsSchema

/** The format of a file when none was given. */
export function formatOf(name: string): SourceFormat {
  const bare = name.replace(/\.gz$/i, '')
  if (/\.csv$/i.test(bare)) return 'csv'
  return /\.txt$/i.test(bare) ? 'lines' : 'ndjson'
}
