import { StorageError } from '../../errors.ts'

/** What an HBase server answered instead of a result, or why it gave no answer. */
export class HBaseFailure extends Error {
  override name = 'HBaseFailure'
  /** The class of the exception without its package; '' when there was no answer. */
  readonly exception: string
  /** Whether the same call may succeed in a moment. */
  readonly transient: boolean

  constructor(exception: string, message: string, transient: boolean, options?: ErrorOptions) {
    super(message, options)
    this.exception = exception
    this.transient = transient
  }
}

// Exceptions in the answer to a multi call come without the flag that says whether they can be retried.
const final =
  /DoNotRetry|NoSuchColumnFamily|AccessDenied|TableNotFound|TableExists|NamespaceNotFound|InvalidFamily|FailedSanityCheck|Constraint|TableNotEnabled|TableNotDisabled|UnknownProtocol|UnsupportedOperation|IllegalArgument|SpaceLimiting|NoWritesViolation|InvalidToken|FatalConnection/

/** The exception of a server: its full class name, and its text, of which the first line is kept. */
export function exceptionOf(className: string, text: string, doNotRetry = false): HBaseFailure {
  const exception = className.slice(className.lastIndexOf('.') + 1)
  const [line = ''] = text.split('\n')
  const said = line.startsWith(className) ? line.slice(className.length).replace(/^: /, '') : line
  const message = said === '' ? exception : `${exception}: ${said.slice(0, 500)}`
  // A region that was moved or closed is somewhere else, whatever the flag says.
  const moved = /NotServingRegion|RegionMoved|RegionOpening|WrongRegion|ServerNotRunning|RegionServerStopped/.test(
    exception
  )
  return new HBaseFailure(exception, message, moved || (!doNotRetry && !final.test(exception)))
}

/** A connection that could not be made, broke or did not answer. */
export const noAnswer = (message: string, cause?: unknown): HBaseFailure =>
  new HBaseFailure('', message, true, cause === undefined ? undefined : { cause })

/** The `StorageError` of what went wrong while doing `what`: 'append to the table record'. */
export function storageErrorOf(what: string, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  if (!(cause instanceof HBaseFailure)) {
    const message = `Cannot ${what}: ${cause instanceof Error ? cause.message : String(cause)}`
    return new StorageError('SPW_ERR_STORAGE', message, { retryable: false, cause })
  }
  const { exception, message, transient } = cause
  const text = `Cannot ${what}: ${message}`
  if (/SpaceLimiting|NoWritesViolation/.test(exception))
    return new StorageError('SPW_ERR_STORAGE_FULL', text, { retryable: true, cause })
  if (/exceeds (the )?limit|KeyValue size too large|maxsize|greater than max allowed/i.test(message))
    return new StorageError('SPW_ERR_STORAGE_REFUSED', text, { retryable: false, cause })
  return new StorageError('SPW_ERR_STORAGE', text, { retryable: transient, cause })
}
