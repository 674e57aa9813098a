import { StorageError } from '../../../lib/errors.ts'

/** What checks that errors are those of a storage, and that since the suite began nothing was thrown where nobody catches it. */
export function orderly(): (errors: readonly Error[]) => void {
  const unexpected: string[] = []
  // As a text: mocha compares whatever an error holds on to, answers of megabytes byte by byte, until there is no memory left.
  const onRejection = (error: unknown): void =>
    void unexpected.push(error instanceof Error ? error.stack! : String(error))
  before(() => process.on('unhandledRejection', onRejection))
  after(() => process.off('unhandledRejection', onRejection))
  return errors => {
    for (const error of errors) if (!(error instanceof StorageError)) throw new Error(error.stack)
    if (unexpected.length > 0) throw new Error(`Nobody caught: ${unexpected.splice(0).join('\n')}`)
  }
}
