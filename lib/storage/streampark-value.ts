import { bodyFromQuery } from '../http/url-record.ts'
import type { Envelope } from './envelope.ts'

const withoutBody: ReadonlySet<string> = new Set(['GET', 'OPTIONS', 'TRACE'])
const value = /^(GET|POST|PUT|PATCH|DELETE|OPTIONS|TRACE)\/\/\/(.+)$/s

/**
 * The envelope of what StreamPark's failover has stored: the method, `///` and the URL, whose query is the body where the
 * method has one. A text of another form is shown as it is, and refused, so that a replay leaves it alone.
 */
export function envelopeOfValue(text: string, { id, acceptedAt }: Pick<Envelope, 'id' | 'acceptedAt'>): Envelope {
  const common = { v: 1, id, version: 1, acceptedAt, headers: {}, attempts: 0 } as const
  const [, method, url] = value.exec(text) ?? []
  const request = method === undefined ? undefined : requestOf(method, url!)
  if (request === undefined) return { ...common, method: 'POST', url: '', records: [text], outcome: 'refused' }
  return { ...common, ...request, outcome: 'exhausted' }
}

function requestOf(method: string, text: string): Pick<Envelope, 'method' | 'url' | 'records'> | undefined {
  if (withoutBody.has(method)) return { method, url: text, records: [''] }
  try {
    const { url, body } = bodyFromQuery(text)
    return { method, url, records: [body === undefined ? '' : JSON.stringify(body)] }
  } catch {
    return undefined
  }
}
