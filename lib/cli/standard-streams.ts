/**
 * Makes a closed standard output or error harmless: what is written is then lost, but the records are not. Returns a signal
 * that aborts when nobody reads standard output any more, or it cannot be written; its reason says why.
 */
export function guardStandardStreams(): AbortSignal {
  const gone = new AbortController()
  process.stdout.on('error', error => gone.abort(error))
  process.stderr.on('error', () => {})
  return gone.signal
}

/** Why standard output could not be written; `undefined` when it could, or when it was the reader who did not want more. */
export function unwritten({ reason }: AbortSignal): NodeJS.ErrnoException | undefined {
  const error = reason as NodeJS.ErrnoException | undefined
  return error?.code === 'EPIPE' ? undefined : error
}

/** Resolves when the line is written, or cannot be. */
export function printLine(line: string): Promise<void> {
  return new Promise(resolve => process.stdout.write(`${line}\n`, () => resolve()))
}

/** A line for the user, on standard error. */
export function tell(sentence: string): void {
  // On a terminal there may be a bar in this line.
  process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[K' : ''}spillway: ${sentence}\n`)
}
