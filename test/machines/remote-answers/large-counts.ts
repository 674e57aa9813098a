import { createRequire } from 'node:module'

interface Decoder {
  readonly buffer: Buffer
  readonly offset: number
  readArray(reader: unknown): unknown
}

const fewest = 2 ** 16
const decoder = (createRequire(import.meta.url)('kafkajs/src/protocol/decoder.js') as { prototype: Decoder }).prototype

/**
 * In a suite: the decoder of kafkajs refuses a count of more elements than there are bytes before it makes room for them, and
 * not only at the first that is missing.
 *
 * The room is 256 MB at most, since JavaScript does not fill larger arrays, and for a moment in which nothing else goes on.
 * Only that decoder could know better, and it is not ours to change: left as it is, most of the time of a machine goes there.
 */
export function refusesLargeCounts(): void {
  const { readArray } = decoder
  before(() => {
    decoder.readArray = function (this: Decoder, reader: unknown): unknown {
      const { buffer, offset } = this
      const count = offset + 4 <= buffer.length ? buffer.readInt32BE(offset) : 0
      if (count >= fewest && count > buffer.length)
        throw new RangeError(`no ${count} elements in ${buffer.length} bytes`)
      return readArray.call(this, reader)
    }
  })
  after(() => {
    decoder.readArray = readArray
  })
}
