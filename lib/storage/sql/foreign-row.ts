/**
 * The id of a row that another program has written, StreamPark say: made of the table, the time and the position, since it
 * goes to endpoints as their idempotency key.
 */
export const foreignIdOf = (table: string, timestamp: number, position: number): string =>
  `${startOfForeignId(table)}${timestamp}.${position}`

/** What it begins with. */
export const startOfForeignId = (table: string): string => `streampark.${table}.`

/** The position in such an id. */
export function foreignPositionOf(id: string): number | undefined {
  const [, position] = /^streampark\.[\w$]+\.-?\d+\.(\d{1,15})$/.exec(id) ?? []
  return position === undefined ? undefined : Number(position)
}
