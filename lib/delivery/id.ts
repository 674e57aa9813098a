import { randomBytes } from 'node:crypto'

const prefix = newPrefix()
let count = 0

/** What ids of one origin begin with, and no others: 12 characters that may stand in headers, the first one not `-`. */
export function newPrefix(): string {
  return randomBytes(9).toString('base64url').replace(/^-/, '0')
}

/** An id of its own for every delivery of every process: a random prefix and a counter. */
export function newId(): string {
  return `${prefix}-${(count++).toString(36)}`
}
