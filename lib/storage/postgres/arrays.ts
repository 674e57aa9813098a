const textType = 25

/**
 * A `text[]` as it goes over the wire: pg sends a Buffer as it is, and would make of a list a text in which every quote of
 * every JSON text is escaped, which the server has to undo.
 */
export function textArray(texts: ReadonlyArray<string | null>): Buffer {
  let bytes = 20
  for (const text of texts) bytes += 4 + (text === null ? 0 : Buffer.byteLength(text))
  const array = Buffer.allocUnsafe(bytes)
  // One dimension, with nulls or without; its length and its first index.
  array.writeInt32BE(1, 0)
  array.writeInt32BE(1, 4)
  array.writeInt32BE(textType, 8)
  array.writeInt32BE(texts.length, 12)
  array.writeInt32BE(1, 16)
  let at = 20
  for (const text of texts) at = writeText(array, text, at)
  return array
}

function writeText(array: Buffer, text: string | null, at: number): number {
  if (text === null) return array.writeInt32BE(-1, at)
  const length = array.write(text, at + 4)
  array.writeInt32BE(length, at)
  return at + 4 + length
}
