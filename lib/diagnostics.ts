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
  /** A part of a storage is damaged: it was passed over and kept aside. */
  'spillway:storage-damaged': { storage: string; path: string; segment?: string; bytes?: number; reason: string }
}

/** The names of the channels. */
export const diagnosticChannels = [
  'spillway:storage-stalled',
  'spillway:storage-resumed',
  'spillway:storage-passed-over',
  'spillway:storage-moved-back',
  'spillway:storage-damaged'
] as const satisfies ReadonlyArray<keyof Diagnostics>

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
