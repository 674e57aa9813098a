import { type ErrorSummary, summaryOf } from '../delivery/error-summary.ts'
import type { Delivery } from '../delivery.ts'
import type { Target } from '../http/target.ts'
import { storableHeaders } from './secret-headers.ts'

// Of the texts of envelopes, what most deliveries have in common with the one before is made once.

type Request = Pick<Target, 'method' | 'url' | 'headers' | 'format'>

interface Outcome {
  readonly attempts: number
  readonly first: ErrorSummary | undefined
  readonly last: ErrorSummary | undefined
  readonly outcome: string
  readonly notBefore: number | undefined
}

let lastRequest: Request = { method: '', url: '', headers: {}, format: undefined }
let lastRequestText = ',"method":"","url":"","headers":{}'
let lastOutcome: Outcome | undefined
let lastOutcomeText = ''

/** `,"method":…,"url":…,"headers":…` */
export function requestText({ method, url, headers, format }: Request): string {
  const last = lastRequest
  const isSame = method === last.method && url === last.url && headers === last.headers && format === last.format
  if (isSame) return lastRequestText
  lastRequest = { method, url, headers, format }
  const texts = [method, url, storableHeaders(lastRequest)].map(value => JSON.stringify(value))
  return (lastRequestText = inOnePiece(`,"method":${texts[0]},"url":${texts[1]},"headers":${texts[2]}`))
}

/** `,"attempts":…,"firstError":…,"lastError":…,"outcome":…,"notBefore":…}` */
export function outcomeText({ totalAttempts, firstError, error }: Delivery): string {
  const outcome: Outcome = {
    attempts: totalAttempts,
    first: firstError,
    last: error && summaryOf(error),
    outcome: error?.outcome ?? 'shutdown',
    notBefore: error?.notBefore
  }
  if (lastOutcome !== undefined && areSame(outcome, lastOutcome)) return lastOutcomeText
  lastOutcome = outcome
  return (lastOutcomeText = inOnePiece(textOf(outcome)))
}

function textOf({ attempts, first, last, outcome, notBefore }: Outcome): string {
  let text = `,"attempts":${attempts}`
  if (first !== undefined) text += `,"firstError":${JSON.stringify(first)}`
  if (last !== undefined) text += `,"lastError":${JSON.stringify(last)}`
  text += `,"outcome":"${outcome}"`
  if (notBefore !== undefined) text += `,"notBefore":${notBefore}`
  return text + '}'
}

const areSame = (one: Outcome, other: Outcome): boolean =>
  one.attempts === other.attempts &&
  one.outcome === other.outcome &&
  one.notBefore === other.notBefore &&
  areSameErrors(one.first, other.first) &&
  areSameErrors(one.last, other.last)

const areSameErrors = (one: ErrorSummary | undefined, other: ErrorSummary | undefined): boolean =>
  one === other ||
  (one !== undefined &&
    other !== undefined &&
    one.code === other.code &&
    one.phase === other.phase &&
    one.status === other.status &&
    one.reason === other.reason)

/**
 * V8 keeps a text that was put together as a tree, of which whatever it is put into copies each leaf; asked for its length in
 * bytes it makes one piece of it.
 */
function inOnePiece(text: string): string {
  Buffer.byteLength(text)
  return text
}
