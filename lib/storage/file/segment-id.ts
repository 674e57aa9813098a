import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const fileName = /^(\d{10}-[0-9a-f]{8})\.segment$/

/**
 * The name of a segment: its place in the order, and a random part, so that two segments never have the same one. What is
 * left on the disk of a file that was deleted, or belongs to another folder, is then never taken for a part of this one.
 */
export function newSegmentId(sequence: number): string {
  return `${String(sequence).padStart(10, '0')}-${randomBytes(4).toString('hex')}`
}

export const sequenceOf = (id: string): number => Number(id.slice(0, 10))

export const segmentFile = (id: string): string => `${id}.segment`

/** The segment whose file has this name. */
export const segmentIdIn = (name: string): string | undefined => fileName.exec(name)?.[1]

/** What the CRC of every line of a segment starts with. */
export const seedOf = (id: string): number => crc32(id)
