import { StorageError, type StorageErrorCode } from '../../errors.ts'

export interface HdfsFailure {
  readonly code?: StorageErrorCode
  readonly retryable: boolean
  /** The Java exception that the server named. */
  readonly exception?: string | undefined
  /** Another NameNode, or the same one a moment later, may do what this one did not. */
  readonly elsewhere?: boolean
  /** It will take a while: asking again at once only adds to the load. */
  readonly slowly?: boolean
  /** Nobody knows whether it was done. */
  readonly isOpen?: boolean
  /** The DataNode that could not be reached: the NameNode is asked for another one. */
  readonly dataNode?: string
  readonly cause?: unknown
}

/** What a server of HDFS answered, or why there was no answer. */
export class HdfsError extends StorageError {
  readonly exception: string | undefined
  readonly elsewhere: boolean
  readonly slowly: boolean
  readonly isOpen: boolean
  readonly dataNode: string | undefined

  constructor(message: string, failure: HdfsFailure) {
    super(failure.code ?? 'SPW_ERR_STORAGE', message, { retryable: failure.retryable, cause: failure.cause })
    this.exception = failure.exception
    this.elsewhere = failure.elsewhere ?? false
    this.slowly = failure.slowly ?? false
    this.isOpen = failure.isOpen ?? false
    this.dataNode = failure.dataNode
  }
}

/** Whether the server answered that what was asked for is not there. */
export const isMissing = (error: unknown): boolean =>
  error instanceof HdfsError && error.exception === 'FileNotFoundException'

/** Whether the server answered that there is something of this name already. */
export const isThereAlready = (error: unknown): boolean =>
  error instanceof HdfsError && error.exception === 'FileAlreadyExistsException'

/** Whether it may have been done all the same: no answer came, or none that says what became of it. */
export const isOpen = (error: unknown): boolean => !(error instanceof HdfsError) || error.isOpen
