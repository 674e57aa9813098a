#!/usr/bin/env node
import { CommanderError } from 'commander'
import { Secrets } from '../config/secrets.ts'
import { OptionsError } from '../errors.ts'
import { tellFailure } from './commands/context.ts'
import { wrongUse } from './exit-code.ts'
import { program } from './program.ts'
import { guardStandardStreams, tell, unwritten } from './standard-streams.ts'
import { watchDiagnostics } from './watch-diagnostics.ts'

const unread = guardStandardStreams()
const secrets = new Secrets()
watchDiagnostics(secrets)

let code = 0
try {
  await program(secrets, unread, result => (code = result)).parseAsync()
} catch (error) {
  code = codeOf(error as Error)
}
const lost = unwritten(unread)
if (lost !== undefined) tell(`standard output could not be written: ${lost.message}`)
// What is left open by then (a connection that is kept alive, standard input) must not keep the process.
process.exit(code)

function codeOf(error: Error): number {
  // Its sentence was written already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : wrongUse
  tellFailure(error, secrets)
  return error instanceof OptionsError ? wrongUse : 5
}
