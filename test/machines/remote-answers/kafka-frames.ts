/** What stands in front of a request of Kafka's protocol. */
export interface RequestHead {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
}

/** Where a broker is. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** The APIs whose answers say where brokers are. */
export const apisWithAddresses = [3, 10]

/** Of a request without its length. */
export function headOf(request: Buffer): RequestHead {
  return { apiKey: request.readInt16BE(0), apiVersion: request.readInt16BE(2), correlationId: request.readInt32BE(4) }
}

/** What requests have in common that are answered alike. */
export const kindOf = ({ apiKey, apiVersion }: RequestHead): string => `${apiKey} ${apiVersion}`

/** An answer with its length, to the request of this correlation id. */
export function kafkaAnswer(correlationId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + body.length)
  head.writeInt32BE(correlationId, 4)
  return Buffer.concat([head, body])
}

/** The body of an answer with another address instead of this one, wherever it stands. */
export function withAddress(body: Buffer, from: Address, to: Address): Buffer {
  const old = bytesOf(from)
  const parts: Buffer[] = []
  let rest = body
  for (let at = rest.indexOf(old); at !== -1; at = rest.indexOf(old)) {
    parts.push(rest.subarray(0, at), bytesOf(to))
    rest = rest.subarray(at + old.length)
  }
  return Buffer.concat([...parts, rest])
}

/** A text with a length of two bytes, and a number of four. */
function bytesOf({ host, port }: Address): Buffer {
  const name = Buffer.from(host)
  const bytes = Buffer.alloc(2 + name.length + 4)
  bytes.writeInt16BE(name.length)
  name.copy(bytes, 2)
  bytes.writeInt32BE(port, 2 + name.length)
  return bytes
}
