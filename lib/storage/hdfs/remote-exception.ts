import { HdfsError, type HdfsFailure } from './hdfs-error.ts'

/** What a server answered that did not do what it was asked for. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

const elsewhere = new Set(['StandbyException', 'RetriableException', 'ObserverRetryOnActiveException'])
// Of a DataNode, or an HttpFS server, that the NameNode went away from: nobody knows how far it came.
const broken = new Set([
  'EOFException',
  'ConnectException',
  'ConnectTimeoutException',
  'NoRouteToHostException',
  'SocketException',
  'SocketTimeoutException'
])
const denied = new Set(['AccessControlException', 'SecurityException', 'AuthenticationException', 'InvalidToken'])
const wrong = new Set(['IllegalArgumentException', 'UnsupportedOperationException', 'InvalidPathException'])
const full = /QuotaExceeded|quota of .* is exceeded|No space left|is out of space|Insufficient (?:space|storage)/i
// The placement found a DataNode, and none had room: those that cannot be reached are counted as excluded.
const noRoom =
  /could only be (?:written|replicated) to 0 .*There are [1-9]\d* datanode\(s\) running and (?:0|no) node\(s\) are excluded/s

// The NameNode was just started, or its DataNodes were, and they do not know of each other yet.
const noDataNode = /No active nodes contain this block|Failed to find datanode/i

/**
 * The answer as an error. `what` names what was tried, `server` who answered: 'make /a/b', 'host:9870'. The status says
 * little: a full disk, a standby and a missing right are all a 403, so that the Java exception is what counts.
 */
export function remoteError(what: string, server: string, { status, headers, body }: Refusal): HdfsError {
  const remote = exceptionIn(body)
  if (remote === undefined) return foreignAnswer(what, server, { status, headers, body })
  const { exception, message } = remote
  return new HdfsError(`Cannot ${what} on ${server}: ${exception}: ${message}`, {
    exception,
    ...verdict(exception, message)
  })
}

function verdict(exception: string, message: string): Omit<HdfsFailure, 'exception'> {
  if (exception === 'SafeModeException' || /is in safe mode/i.test(message)) {
    return { retryable: true, elsewhere: true, slowly: true }
  }
  if (broken.has(exception)) return { retryable: true, elsewhere: true, isOpen: true }
  if (elsewhere.has(exception) || noDataNode.test(message)) return { retryable: true, elsewhere: true }
  if (full.test(exception) || full.test(message) || noRoom.test(message)) {
    return { code: 'SPW_ERR_STORAGE_FULL', retryable: true }
  }
  if (denied.has(exception) || wrong.has(exception)) return { retryable: false }
  return { retryable: true }
}

interface Remote {
  readonly exception: string
  readonly message: string
}

function exceptionIn(body: string): Remote | undefined {
  try {
    const { RemoteException } = JSON.parse(body) as { RemoteException?: Partial<Remote> }
    if (typeof RemoteException?.exception !== 'string') return undefined
    // A DataNode adds its stack trace. Where it wraps what the NameNode said, the name of that stands at the front.
    const text = String(RemoteException.message ?? '')
    const [message = ''] = text.split('\n')
    const wrapped = /^(?:[a-z]\w*\.)+([A-Z]\w*Exception)/.exec(message)?.[1]
    return { exception: wrapped ?? RemoteException.exception, message: message.slice(0, 500) }
  } catch {
    return undefined
  }
}

const ipcPort = /Hadoop IPC port/

function foreignAnswer(what: string, server: string, { status, headers, body }: Refusal): HdfsError {
  if (ipcPort.test(body)) {
    const message =
      `Cannot ${what}: failover/namenode: ${server} is the RPC port of a NameNode. ` +
      'Expected its HTTP port (9870), or hdfs:// before the address.'
    return new HdfsError(message, { retryable: false })
  }
  if (status === 401 || status === 403) {
    const asks = String(headers['www-authenticate'] ?? 'no known way')
    const give = asks === 'PseudoAuth' ? 'a name as user' : 'a delegation token as token'
    const message = `Cannot ${what} on ${server}: it answered ${status} and asks for ${asks}: give ${give}.`
    return new HdfsError(message, { retryable: false })
  }
  if (status >= 500) {
    return new HdfsError(`Cannot ${what} on ${server}: it answered ${status}.`, {
      retryable: true,
      elsewhere: true,
      isOpen: true
    })
  }
  const message = `Cannot ${what}: failover/namenode: ${server} answered ${status} and is no WebHDFS. Expected the HTTP port of a NameNode or of HttpFS.`
  return new HdfsError(message, { retryable: false })
}
