import { channel } from 'node:diagnostics_channel'

/** Everything that is published on `node:diagnostics_channel`, with what each message holds. Nothing else is published. */
export interface Diagnostics {
  /** A storage does not take anything, so the source stands still. Published once each time. */
  'spillway:storage-stalled': { code: string; message: string }
  /** It does again. */
  'spillway:storage-resumed': Record<never, never>
  /** A storage fails, so its `fallback` is used. Published once, until it takes something again. */
  'spillway:storage-passed-over': { code: string; message: string }
  /** What a fallback held was brought back into the first storage. */
  'spillway:storage-moved-back': { entries: number }
  /**
   * Something in a storage is not as it was written, and is passed over: a part is damaged (who writes there too keeps a copy of it
   * aside) or missing, or a file is foreign, which is left alone.
   */
  'spillway:storage-damaged': {
    storage: string
    what: 'damaged' | 'missing' | 'foreign'
    path: string
    segment?: string
    bytes?: number
    reason: string
  }
}

/** The names of the channels. */
export const diagnosticChannels = [
  'spillway:storage-stalled',
  'spillway:storage-resumed',
  'spillway:storage-passed-over',
  'spillway:storage-moved-back',
  'spillway:storage-damaged'
] as const satisfies ReadonlyArray<keyof Diagnostics>

const damages = {
  damaged: 'part of the storage is damaged',
  missing: 'part of the storage is missing',
  foreign: 'file is not one of the storage'
} as const satisfies Record<Diagnostics['spillway:storage-damaged']['what'], string>

/** What a message of `spillway:storage-damaged` says, after its article. */
export function damageIn({ what, path, reason }: Diagnostics['spillway:storage-damaged']): string {
  return `${damages[what]}: ${path}: ${reason}`
}

/** Publishes a message. Where nobody listens, one that needs somebody's care becomes a process warning. */
export function publish<Name extends keyof Diagnostics>(
  name: Name,
  message: Diagnostics[Name],
  warning?: string
): void {
  const target = channel(name)
  if (target.hasSubscribers) target.publish(message)
  else if (warning !== undefined) process.emitWarning(warning, { type: 'SpillwayWarning', code: name })
}
