import { randomBytes } from 'node:crypto'

const prefix = randomBytes(9).toString('base64url')
let count = 0

/** An id of its own for every delivery of every process: a random prefix and a counter. */
export function newId(): string {
  return `${prefix}-${(count++).toString(36)}`
}
