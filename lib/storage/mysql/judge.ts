import { answered, connectionVerdict } from '../sql/connection-verdict.ts'
import type { Verdict } from '../sql/dialect.ts'

interface MysqlError {
  readonly errno?: number
  readonly code?: string
  readonly sqlState?: string
  readonly sqlMessage?: string
}

const refused = { code: 'SPW_ERR_STORAGE_REFUSED', retryable: false } as const
const lasting = { retryable: false } as const
const full = { code: 'SPW_ERR_STORAGE_FULL' } as const
const gone = { isBroken: true } as const

// By the number of the error. What is not here goes by its SQLSTATE.
const verdicts: Readonly<Record<number, [reason: string, verdict?: Partial<Verdict>]>> = {
  1021: ['the disk is full', full],
  1040: ['there are too many connections'],
  1041: ['the server is out of memory'],
  1044: ['the user has not the right to use the database', lasting],
  1045: ['the user name or the password is wrong', lasting],
  1049: ['there is no such database', lasting],
  1053: ['the server is being shut down', gone],
  1054: ['a column is missing', gone],
  1062: ['a row with the same unique key is there', refused],
  1114: ['the table is full', full],
  1129: ['the server has blocked this host', lasting],
  1130: ['the server lets nobody in from this host', lasting],
  1142: ['the user has not the right to do that with the table', lasting],
  1143: ['the user has not the right to do that with a column', lasting],
  1146: ['there is no such table', gone],
  1153: ['it is larger than the max_allowed_packet of the server', refused],
  1158: ['the connection broke', gone],
  1159: ['the connection broke', gone],
  1160: ['the connection broke', gone],
  1161: ['the connection broke', gone],
  1203: ['there are too many connections'],
  1205: ['a lock was not given in time'],
  1213: ['the server has ended a deadlock', { isUndone: true }],
  1226: ['the user has used up what the server allows'],
  1227: ['the user has not the right to do that', lasting],
  1264: ['a number is out of the range of its column', refused],
  1290: ['the server takes no writes', gone],
  1317: ['the statement was killed'],
  1364: ['a column that is not written has no default', lasting],
  1366: ['a text has characters that its column cannot hold, which is not utf8mb4', refused],
  1406: ['a text is too long for its column', refused],
  1698: ['the user name or the password is wrong', lasting],
  1792: ['the server takes no writes', gone],
  1836: ['the server takes no writes', gone],
  1927: ['the connection was killed', gone],
  3024: ['the statement took longer than the server allows'],
  3159: ['the server wants an encrypted connection, see sslMode in jdbcUrl', lasting]
}

/** What an error of mysql2 means. Reasons are our own: those of the server may quote what is stored. */
export function judge(cause: unknown): Verdict {
  const { errno, code, sqlState, sqlMessage } = (cause ?? {}) as MysqlError
  // Node's own errors have negative numbers.
  if (sqlState === undefined || errno === undefined || errno < 0) return ofDriver(cause)
  const known = verdicts[errno]
  if (known !== undefined) return answered(`${known[0]} (${errno})`, known[1])
  if (/No space left|disk (is )?full|Got error (28|122)\b/i.test(sqlMessage ?? '')) {
    return answered(`the disk is full (${errno})`, full)
  }
  const reason = `the server answered ${errno} ${code ?? ''}`.trim()
  if (sqlState.startsWith('08')) return answered(reason, gone)
  if (sqlState.startsWith('40')) return answered(reason, { isUndone: true })
  if (sqlState.startsWith('22') || sqlState.startsWith('23')) return answered(reason, refused)
  return answered(reason, lasting)
}

function ofDriver(cause: unknown): Verdict {
  const { code } = (cause ?? {}) as MysqlError
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT') return answered('the server has no encrypted connections', lasting)
  if (code === 'AUTH_SWITCH_PLUGIN_ERROR' || code === 'MYSQL_CLEAR_PASSWORD_NOT_ENABLED') {
    return answered('the user is authenticated in a way that mysql2 does not have', lasting)
  }
  return connectionVerdict(cause)
}
