import { exitCodes } from './exit-code.ts'

/** What stands at the end of the help: an example, and the exit codes. */
export function helpText(): string {
  const codes = exitCodes.map(([code, meaning]) => `  ${code.padEnd(13)}  ${meaning.replaceAll('`', '')}`)
  return ['', 'Example:', '  spillway run config.yaml --input events.ndjson', '', 'Exit codes:', ...codes].join('\n')
}
