import type { Envelope } from './envelope.ts'

type Check = (value: unknown) => boolean

const isText: Check = value => typeof value === 'string'
export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
const isTexts: Check = value => isObject(value) && !Array.isArray(value) && Object.values(value).every(isText)
const isCount: Check = value => Number.isSafeInteger(value) && (value as number) >= 0
const isTime: Check = Number.isFinite
const isRecord: Check = value => isText(value) || (isObject(value) && isText((value as { base64?: unknown }).base64))

/** Whether this is what an envelope has as its `records`. */
export const areRecords = (value: unknown): value is Envelope['records'] =>
  Array.isArray(value) && value.every(isRecord)

const isSummary: Check = value => isObject(value) && isText((value as { code?: unknown }).code)
const orNone =
  (check: Check): Check =>
  value =>
    value === undefined || check(value)

const outcomes: ReadonlySet<unknown> = new Set(['exhausted', 'ambiguous', 'refused', 'shutdown'])

const fields: ReadonlyArray<readonly [name: string, check: Check]> = Object.entries({
  id: isText,
  version: value => isCount(value) && value !== 0,
  acceptedAt: isTime,
  method: isText,
  url: isText,
  headers: isTexts,
  records: areRecords,
  attempts: isCount,
  outcome: value => outcomes.has(value),
  firstError: orNone(isSummary),
  lastError: orNone(isSummary),
  notBefore: orNone(isTime)
} satisfies Record<string, Check>)

/** The first field of an envelope that is missing, or is not what a replay can use. */
export function wrongField(envelope: Readonly<Record<string, unknown>>): string | undefined {
  return fields.find(([name, check]) => !check(envelope[name]))?.[0]
}
