import { ByteReader } from './byte-reader.ts'
import type { Broker } from './cluster.ts'

/** What of kafkajs sends a request that it does not know. */
interface Sending {
  readonly versions?: Readonly<Record<number, { readonly maxVersion: number } | undefined>>
  readonly connectionPool?: { send?(exchange: object): Promise<unknown> }
}

const metadata = 3
/** The first one in which a topic has an id: of Kafka 2.8. */
const version = 10
const unknownTopic = 3
const idBytes = 16

/**
 * Which topic has this name: one that was made anew has another id. The empty text when there is none, `undefined` when the
 * broker does not tell. kafkajs does not know ids.
 */
export async function topicIdFrom(broker: Broker, topic: string): Promise<string | undefined> {
  const { versions, connectionPool } = broker as Sending
  if (typeof connectionPool?.send !== 'function' || (versions?.[metadata]?.maxVersion ?? 0) < version) return undefined
  const buffer = questionFor(topic)
  const request = {
    apiKey: metadata,
    apiName: 'Metadata',
    apiVersion: version,
    encode: async () => ({ buf: buffer, buffer, size: () => buffer.length })
  }
  const response = { decode: async (answer: Buffer) => ({ id: idIn(answer) }), parse: async (found: object) => found }
  return ((await connectionPool.send({ request, response })) as { readonly id: string | undefined }).id
}

/** The rest of the head, and a list of one topic, by its name; nothing is to be made, and no rights are asked for. */
function questionFor(topic: string): Buffer {
  const name = Buffer.from(topic)
  return Buffer.concat([Buffer.from([0, 2]), Buffer.alloc(idBytes), counted(name.length), name, Buffer.alloc(5)])
}

/** A length and 1, seven bits a byte. */
const counted = (length: number): Buffer =>
  Buffer.from(length < 127 ? [length + 1] : [((length + 1) & 127) | 128, (length + 1) >>> 7])

function idIn(answer: Buffer): string | undefined {
  const reader = new ByteReader(answer)
  passTags(reader)
  reader.skip(4)
  for (let left = countIn(reader); left > 0; left--) {
    reader.skip(4)
    reader.skip(countIn(reader))
    reader.skip(4)
    reader.skip(countIn(reader))
    passTags(reader)
  }
  reader.skip(countIn(reader))
  reader.skip(4)
  if (countIn(reader) !== 1) return undefined
  const errorCode = reader.int16()
  reader.skip(countIn(reader))
  const id = Buffer.from(reader.slice(idBytes)!).toString('hex')
  return errorCode === 0 ? id : errorCode === unknownTopic ? '' : undefined
}

function passTags(reader: ByteReader): void {
  for (let left = unsignedIn(reader); left > 0; left--) {
    unsignedIn(reader)
    reader.skip(unsignedIn(reader))
  }
}

/** -1 for what is null. */
const countIn = (reader: ByteReader): number => unsignedIn(reader) - 1

function unsignedIn(reader: ByteReader): number {
  let value = 0
  for (let factor = 1; factor < 2 ** 35; factor *= 128) {
    const byte = reader.int8() & 255
    value += (byte & 127) * factor
    if (byte < 128) return value
  }
  throw new RangeError('a number that does not end')
}
