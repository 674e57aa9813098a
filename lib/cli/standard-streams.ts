/**
 * Makes a closed standard output or error harmless: what is written is then lost, but the records are not. Returns a signal
 * that aborts when nobody reads standard output any more.
 */
export function guardStandardStreams(): AbortSignal {
  const gone = new AbortController()
  process.stdout.on('error', () => gone.abort())
  process.stderr.on('error', () => {})
  return gone.signal
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
