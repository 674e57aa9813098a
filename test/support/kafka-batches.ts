import { createRequire } from 'node:module'

/** kafkajs's own, so that ours is not judged by itself. */
const crc32c = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/crc32C/index.js') as (
  bytes: Buffer
) => number

const lengthAt = 8
const lengthEnd = 12
const magicAt = 16
const checksumAt = 17
const checksumEnd = 21
const batchHead = 61
const magicOfBatches = 2

/** Where a batch of records begins and ends. */
export type Extent = readonly [start: number, end: number]

const endOf = (bytes: Buffer, start: number): number => start + lengthEnd + bytes.readInt32BE(start + lengthAt)
const checksumOf = (bytes: Buffer, [start, end]: Extent): number => crc32c(bytes.subarray(start + checksumEnd, end))

/** The batches that stand one behind the other, as far as their lengths say where they are. */
export function batchesInSet(set: Buffer): Extent[] {
  const extents: Extent[] = []
  for (let start = 0; start + batchHead <= set.length;) {
    const end = endOf(set, start)
    if (end < start + batchHead || end > set.length) break
    extents.push([start, end])
    start = end
  }
  return extents
}

/** The intact batches that stand anywhere in an answer. */
export function batchesWithin(answer: Buffer): Extent[] {
  const extents: Extent[] = []
  for (let start = 0; start + batchHead <= answer.length; start++) {
    if (answer[start + magicAt] !== magicOfBatches) continue
    const extent: Extent = [start, endOf(answer, start)]
    if (extent[1] < start + batchHead || extent[1] > answer.length) continue
    if (answer.readUInt32BE(start + checksumAt) === checksumOf(answer, extent)) extents.push(extent)
  }
  return extents
}

/** The same bytes with a checksum in each of these batches that fits to what is in it. */
export function sealed(bytes: Buffer, batches: readonly Extent[]): Buffer {
  const copy = Buffer.from(bytes)
  for (const extent of batches) copy.writeUInt32BE(checksumOf(copy, extent), extent[0] + checksumAt)
  return copy
}
