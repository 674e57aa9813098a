import type { Writable } from 'node:stream'
import { refuseSharedJournal } from './shared-place.ts'

// What the streams of this process that are not closed have as their storages.
const journals = new Map<Writable, object>()
const failovers = new Map<Writable, object>()

/** Of a stream that journals there, until it is closed. Throws `SPW_ERR_OPTIONS` where another one stores there. */
export function journalsIn(stream: Writable, options: object): void {
  for (const failover of failovers.values()) refuseSharedJournal(options, failover)
  keep(journals, stream, options)
}

/** Of a stream that stores there, until it is closed. Throws `SPW_ERR_OPTIONS` where another one journals there. */
export function storesIn(stream: Writable, options: object): void {
  for (const journal of journals.values()) refuseSharedJournal(journal, options)
  keep(failovers, stream, options)
}

function keep(streams: Map<Writable, object>, stream: Writable, options: object): void {
  streams.set(stream, options)
  stream.once('close', () => streams.delete(stream))
}
