import { Delivery } from '../../../lib/delivery.ts'
import { StorageError } from '../../../lib/errors.ts'
import { encodeEnvelope, type Envelope, parseEnvelope, recordsOf } from '../../../lib/storage/envelope.ts'
import { encodeLine, envelopeInLine } from '../../../lib/storage/envelope-line.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { headerLine } from '../../../lib/storage/file/file-header.ts'
import { keyIn } from '../../../lib/storage/file/key.ts'
import { lineOf } from '../../../lib/storage/file/line.ts'
import { parseLock } from '../../../lib/storage/file/lock-file.ts'
import { isRunning, ownIdentity } from '../../../lib/storage/file/process-identity.ts'
import { seedOf, segmentFile } from '../../../lib/storage/file/segment-id.ts'
import { lineBytes } from '../../../lib/storage/line-bytes.ts'
import { envelopeOfValue } from '../../../lib/storage/streampark-value.ts'
import { FolderInMemory } from '../support/folder-in-memory.ts'
import { deliveryOf } from '../support/testimony.ts'
import { type Chance, mutatedBytes, mutatedText, oneOf } from './mutations.ts'

const segment = '0000000001-0123abcd'
const ids = ['a', 'b-1', 'c', 'd', 'e', 'f']
const envelopes = ids.map((id, i) => encodeEnvelope(deliveryOf(id, 1 + (i % 3))))
const lineTexts = ids.map((id, i) => encodeLine(deliveryOf(id, 1 + (i % 3))))
const lines = lineTexts.map(text => lineOf(text, seedOf(segment)))
const others = [
  '{"v":1,"id":"x","version":1,"acceptedAt":5,"records":["r",{"base64":"/w=="}],"method":"POST","url":"http://h/","headers":{"a":"b"},"attempts":2,"lastError":{"code":"SPW_ERR_STATUS","phase":"answered","status":503},"outcome":"exhausted","notBefore":9}',
  '{"v":1,"id":"\\"q\\"","version":3,"acceptedAt":5,"records":[],"method":"GET","url":"","headers":{},"attempts":0,"outcome":"shutdown"}',
  '{"v":2,"id":"later"}',
  'null',
  '[]'
]
const manyRecords = new Delivery(['{"a":1}', 'grün', '', '😀'], { id: 'many', acceptedAt: 5 })
const texts = [...lineTexts, encodeLine(manyRecords), ...envelopes, ...others]
const removals = [
  `{"segment":"${segment}","cells":[1,9]}`,
  `{"segment":"${segment}","end":400}`,
  '{"dropped":[[2,2]]}',
  '{"dropped":[]}',
  'null',
  '5'
]

interface Given {
  readonly ids: string[]
}

async function given(files: Map<string, Buffer>): Promise<Given> {
  const disk = new FolderInMemory(files)
  const ids: string[] = []
  for await (const { id, envelope } of FileStorage.on(disk, { path: disk.path }).read()) {
    usable(envelope)
    ids.push(id)
  }
  return { ids }
}

/** What a replay does with it. */
function usable(envelope: Envelope): void {
  const { id, version, method, url, headers, acceptedAt, attempts, firstError } = envelope
  const init = { id, version: version - 1, method, url, headers, acceptedAt, priorAttempts: attempts, firstError }
  const delivery = new Delivery(recordsOf(envelope), init)
  const line = Buffer.from(encodeLine(delivery))
  if (line.includes('\n')) throw new Error(`${id} would be two lines`)
  for (const again of [parseEnvelope(encodeEnvelope(delivery)), envelopeInLine(lineBytes(line), 0, line.length)]) {
    if (again.id !== id || again.version !== version) throw new Error(`${id}:${version} is read as another`)
    if (recordsOf(again).join('\n') !== recordsOf(envelope).join('\n'))
      throw new Error(`${id} is read with other records`)
  }
}

async function unlessStorageError(task: () => unknown): Promise<void> {
  try {
    await task()
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    if (error.message.length > 2_000)
      throw new Error(`a message of ${error.message.length} characters`, { cause: error })
  }
}

/** A segment that is damaged anywhere: what is left of it is given, and nothing else. */
export async function segments(chance: Chance): Promise<void> {
  const bytes = mutatedBytes(Buffer.concat([headerLine('segment', segment), ...lines]), chance)
  const found = await given(new Map([[segmentFile(segment), bytes]]))
  const whole = ids.filter((_id, i) => bytes.includes(lines[i]!))
  const lost = whole.filter(id => !found.ids.includes(id))
  if (lost.length > 0) throw new Error(`${lost.join()} are lost although their lines are whole`)
  const strange = found.ids.filter(id => !ids.includes(id))
  if (strange.length > 0) throw new Error(`${strange.join()} were never there`)
}

/** Lines with a right CRC that no release has written. */
export async function strangeLines(chance: Chance): Promise<void> {
  const strange = lineOf(mutatedText(texts, chance).replaceAll('\n', ' '), seedOf(segment))
  const bytes = Buffer.concat([headerLine('segment', segment), lines[0]!, strange, lines[1]!])
  const found = await given(new Map([[segmentFile(segment), bytes]]))
  // A version of its own may stand in for one of them.
  if (found.ids.length < 1) throw new Error('both lines beside it are lost')
}

/** A removal log that is damaged, or says what no release has written. */
export async function removalLogs(chance: Chance): Promise<void> {
  const isDamaged = chance() < 0.5
  const texts = isDamaged ? removals : removals.map(() => mutatedText(removals, chance).replaceAll('\n', ' '))
  const log = Buffer.concat([headerLine('removals'), ...texts.map(text => lineOf(text, 0))])
  const bytes = Buffer.concat([headerLine('segment', segment), ...lines])
  const files = new Map([
    [segmentFile(segment), bytes],
    ['removals.log', isDamaged ? mutatedBytes(log, chance) : log]
  ])
  await given(files)
}

/** Headers of any version. */
export async function headers(chance: Chance): Promise<void> {
  const first = [
    `{"spillway":"segment","version":1,"segment":"${segment}"}`,
    '{"spillway":"removals","version":2}',
    '7'
  ]
  const header = lineOf(mutatedText(first, chance).replaceAll('\n', ' '), 0)
  await unlessStorageError(() => given(new Map([[segmentFile(segment), Buffer.concat([header, ...lines])]])))
  await unlessStorageError(() => given(new Map([['removals.log', header]])))
}

/** An envelope is one that a replay can send, or it is none. */
export async function storedEnvelopes(chance: Chance): Promise<void> {
  const text = mutatedText(texts, chance)
  const bytes = Buffer.from(text)
  await unlessStorageError(() => usable(parseEnvelope(text)))
  await unlessStorageError(() => usable(envelopeInLine(lineBytes(bytes), 0, bytes.length)))
}

/**
 * The key at the beginning of a line is that of its envelope, unless a member is given twice: JSON takes the last one then. No
 * release writes that, and the checksum of a line tells that one did.
 */
export function keys(chance: Chance): void {
  const bytes = Buffer.from(mutatedText(texts, chance))
  const text = bytes.toString()
  if ((text.match(/"(id|version)"\s*:/g) ?? []).length > 2) return
  const key = keyIn(lineBytes(bytes), 0, bytes.length)
  let envelope: Envelope
  try {
    envelope = envelopeInLine(lineBytes(bytes), 0, bytes.length)
  } catch {
    return
  }
  if (key?.id !== envelope.id || key.version !== envelope.version) {
    throw new Error(`${JSON.stringify(key)} is taken for the key of ${text}`)
  }
}

const owners = [
  `${JSON.stringify({ ...ownIdentity(), bell: true })}\nheld\n`,
  '{"pid":1,"host":"h"}\n',
  '',
  'null\n',
  '[]'
]

/** A lock of anybody: it is read, and a process that cannot be told is not called dead. */
export function locks(chance: Chance): void {
  const { owner, isHeld } = parseLock(mutatedText(owners, chance))
  if (typeof owner.pid !== 'number' || typeof owner.host !== 'string') throw new Error('an owner without pid or host')
  if (typeof isHeld !== 'boolean') throw new Error('it is not said whether it is held')
  isRunning(owner)
}

const values = ['POST///http://h/p?a=1&b=2', 'GET///http://h/?x=%20y', 'DELETE///', 'PUT///http://h/?a=%', 'nothing']

/** What StreamPark has stored, or anybody else. */
export function streamParkValues(chance: Chance): void {
  const envelope = envelopeOfValue(mutatedText(values, chance), { id: oneOf(ids, chance), acceptedAt: 1 })
  if (!envelope.records.every(record => typeof record === 'string')) throw new Error('a record is no text')
}
