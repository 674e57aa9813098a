import { subscribe } from 'node:diagnostics_channel'
import type { Secrets } from '../config/secrets.ts'
import { damageIn, type Diagnostics } from '../diagnostics.ts'
import { tell } from './standard-streams.ts'

/** Says what needs somebody's care while the streams go on. */
export function watchDiagnostics(secrets: Secrets): void {
  on('spillway:storage-stalled', ({ message }) => `the storage takes nothing, the source waits: ${message}`)
  on('spillway:storage-passed-over', ({ message }) => `the storage fails, its fallback is used: ${message}`)
  on('spillway:storage-resumed', () => 'the storage takes deliveries again')
  on('spillway:storage-damaged', message => `a ${damageIn(message)}`)

  function on<Name extends keyof Diagnostics>(name: Name, sentence: (message: Diagnostics[Name]) => string): void {
    subscribe(name, message => tell(secrets.redact(sentence(message as Diagnostics[Name]))))
  }
}
