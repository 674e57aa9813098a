/** An answer of HTTP, before it is written. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

type Random = () => number

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)]!

const statuses = [200, 201, 204, 301, 307, 400, 401, 403, 404, 409, 500, 503, 999]
const values = [
  null,
  [],
  {},
  -1,
  1e308,
  0.5,
  '',
  'x'.repeat(70_000),
  true,
  false,
  '\u0000',
  '../..',
  [[[]]],
  { boolean: 0 }
]
const locations = [
  '',
  'http://',
  'file:///etc/passwd',
  'http://127.0.0.1:1/',
  '//',
  'http://[::1',
  '/webhdfs/v1/elsewhere',
  '\u0001'
]
const bodies = [
  '',
  'null',
  '[]',
  '{}',
  '"text"',
  '<html></html>',
  '{"RemoteException":null}',
  '{"RemoteException":{}}',
  '{"RemoteException":{"exception":7,"message":[]}}',
  '{"RemoteException":{"exception":"StandbyException","message":null}}',
  '{"RemoteException":{"exception":"FileNotFoundException"}}',
  '{"RemoteException":{"exception":"IOException","message":"No space left"}}'
]

/** Bytes changed, added, taken away. */
export function mutatedBytes(random: Random, bytes: Buffer): Buffer {
  let changed = Buffer.from(bytes)
  for (let left = 1 + Math.floor(random() * 4); left > 0 && changed.length > 0; left--) {
    const at = Math.floor(random() * changed.length)
    const kind = random()
    if (kind < 0.5) changed[at] = Math.floor(random() * 256)
    else if (kind < 0.7) changed = Buffer.concat([changed.subarray(0, at), changed.subarray(at + 1 + random() * 8)])
    else if (kind < 0.85) changed = Buffer.concat([changed.subarray(0, at), changed.subarray(at / 2)])
    else changed = changed.subarray(0, at)
  }
  return changed
}

// Error codes of Kafka, lengths and counts that are none, and the largest and smallest.
const shorts = [-32_768, -2, -1, 0, 1, 3, 5, 6, 7, 10, 14, 15, 16, 17, 22, 25, 27, 29, 30, 35, 36, 79, 87, 999, 32_767]
const words = [-(2 ** 31), -65_536, -30, -13, -2, -1, 0, 1, 255, 65_535, 2 ** 20, 2 ** 30, 2 ** 31 - 1]

/** A number of two or four bytes replaced by one that may mean something where it stands. */
export function mutatedNumber(random: Random, bytes: Buffer): Buffer {
  const size = random() < 0.5 ? 2 : 4
  if (bytes.length < size) return mutatedBytes(random, bytes)
  const changed = Buffer.from(bytes)
  const at = Math.floor(random() * (changed.length - size + 1))
  if (size === 2) changed.writeInt16BE(pick(random, shorts), at)
  else changed.writeInt32BE(pick(random, words), at)
  return changed
}

/** The answer as it goes over the wire, changed somehow. */
export function mutatedAnswer(random: Random, answer: HttpAnswer): Buffer {
  const kind = random()
  if (kind < 0.2) return mutatedBytes(random, bytesOf(answer))
  if (kind < 0.55) return bytesOf({ ...answer, body: mutatedJson(random, answer.body) })
  if (kind < 0.7) return bytesOf({ ...answer, status: pick(random, statuses) })
  if (kind < 0.8) return bytesOf({ ...answer, headers: { ...answer.headers, location: pick(random, locations) } })
  const status = random() < 0.5 ? answer.status : pick(random, statuses)
  return bytesOf({ ...answer, status, body: Buffer.from(pick(random, bodies)) })
}

export function bytesOf({ status, headers, body }: HttpAnswer): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = status === 204 ? '' : `content-length: ${body.length}\r\n`
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} X\r\n${lines.join('')}${length}\r\n`), body])
}

function mutatedJson(random: Random, body: Buffer): Buffer {
  try {
    return Buffer.from(JSON.stringify(changedValue(random, JSON.parse(body.toString()))))
  } catch {
    return mutatedBytes(random, body)
  }
}

/** The value with one within it replaced, or taken away. */
function changedValue(random: Random, value: unknown): unknown {
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : []
  if (keys.length === 0 || random() < 0.2) return pick(random, values)
  const key = pick(random, keys)
  const copy = structuredClone(value) as Record<string, unknown>
  if (random() < 0.15) delete copy[key]
  else copy[key] = changedValue(random, copy[key])
  return copy
}
