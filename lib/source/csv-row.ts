/**
 * The fields of a row of CSV (RFC 4180): separated by commas, a field in quotes may have commas, newlines and doubled quotes.
 * Throws a `SyntaxError` when a quote is not closed, or something follows a closing one.
 */
export function csvFields(row: string): string[] {
  if (!row.includes('"')) return row.split(',')
  const fields: string[] = []
  let at = 0
  for (;;) {
    const { field, end } = row[at] === '"' ? quotedField(row, at) : plainField(row, at)
    fields.push(field)
    if (end === row.length) return fields
    at = end + 1
  }
}

interface Field {
  readonly field: string
  /** Where its comma stands, or the row ends. */
  readonly end: number
}

function plainField(row: string, start: number): Field {
  const comma = row.indexOf(',', start)
  const end = comma === -1 ? row.length : comma
  return { field: row.slice(start, end), end }
}

function quotedField(row: string, start: number): Field {
  let field = ''
  let from = start + 1
  for (;;) {
    const quote = row.indexOf('"', from)
    if (quote === -1) throw new SyntaxError('a quote is not closed')
    field += row.slice(from, quote)
    if (row[quote + 1] !== '"') {
      const end = quote + 1
      if (end < row.length && row[end] !== ',') throw new SyntaxError('a closing quote must be followed by a comma')
      return { field, end }
    }
    field += '"'
    from = quote + 2
  }
}
