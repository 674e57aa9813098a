import { answered, connectionVerdict } from '../sql/connection-verdict.ts'
import type { Verdict } from '../sql/dialect.ts'

interface PostgresError {
  readonly code?: string
  readonly message?: string
  readonly column?: string
  readonly constraint?: string
}

const refused = { code: 'SPW_ERR_STORAGE_REFUSED', retryable: false } as const
const lasting = { retryable: false } as const
const gone = { isBroken: true } as const
const undone = { isUndone: true } as const

// By SQLSTATE, whole or its class.
const verdicts: Readonly<Record<string, [reason: string, verdict?: Partial<Verdict>]>> = {
  '08': ['the connection broke', gone],
  '22': ['a value is none of its column', refused],
  '22P05': ['a text has characters that the encoding of the database cannot hold', refused],
  '23': ['a constraint of the table forbids it', refused],
  '23502': ['a column that is not written has no default', lasting],
  '25006': ['the server takes no writes', gone],
  '28': ['the user name or the password is wrong, or the server lets nobody in from here', lasting],
  '28P01': ['the user name or the password is wrong', lasting],
  '3D000': ['there is no such database', lasting],
  '3F000': ['there is no such schema', lasting],
  '40': ['the server has undone it for another transaction', undone],
  '40P01': ['the server has ended a deadlock', undone],
  '42': ['the statement is not for this table', lasting],
  '42501': ['the user has not the right to do that', lasting],
  '42703': ['a column is missing', gone],
  '42P01': ['there is no such table', gone],
  '42P10': ['the column id has no unique key', gone],
  '53': ['the server is short of something'],
  '53100': ['the disk is full', { code: 'SPW_ERR_STORAGE_FULL' }],
  '53300': ['there are too many connections'],
  '54': ['it is larger than the server takes', refused],
  '55P03': ['a lock was not given in time'],
  '57014': ['the statement was cancelled'],
  '57P01': ['the connection was ended by the server', gone],
  '57P02': ['the server crashed', gone],
  '57P03': ['the server is starting or being shut down', gone],
  '58': ['the server cannot read or write its files'],
  XX: ['the server has an internal error']
}

/** What an error of pg means. Reasons are our own: those of the server may quote what is stored. */
export function judge(cause: unknown): Verdict {
  const { code, message = '', column, constraint } = (cause ?? {}) as PostgresError
  if (code === undefined || !/^[0-9A-Z]{5}$/.test(code) || /^E[A-Z]+$/.test(code)) return ofDriver(cause, message)
  const place = column ?? constraint
  const about = place === undefined ? code : `${code}, ${place}`
  const known = verdicts[code] ?? verdicts[code.slice(0, 2)]
  if (known === undefined) return answered(`the server answered ${about}`, lasting)
  return answered(`${known[0]} (${about})`, known[1])
}

function ofDriver(cause: unknown, message: string): Verdict {
  if (message.startsWith('SASL') || message.startsWith('Unknown authentication'))
    return answered('the password is missing, or the server asks for it in a way that pg does not have', lasting)
  if (message.includes('does not support SSL')) return answered('the server has no encrypted connections', lasting)
  return connectionVerdict(cause)
}
