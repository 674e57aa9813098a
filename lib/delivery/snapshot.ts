// Named, since the global `Buffer` is a getter, which costs as much as what is done with it here.
import { Buffer } from 'node:buffer'

/** A record as it was when it was accepted: its text, or its bytes. */
export type Snapshot = string | Uint8Array

/** How many bytes a snapshot has on the wire. */
export function sizeOf(snapshot: Snapshot): number {
  return typeof snapshot === 'string' ? Buffer.byteLength(snapshot) : snapshot.byteLength
}
