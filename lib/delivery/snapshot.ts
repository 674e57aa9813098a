// By name: the global `Buffer` is a getter, which takes 5 to 40 ns beside the 14 ns of a length (Node 20).
import { Buffer } from 'node:buffer'

/** A record as it was when it was accepted: its text, or its bytes. */
export type Snapshot = string | Uint8Array

/** How many bytes a snapshot has on the wire. */
export function sizeOf(snapshot: Snapshot): number {
  return typeof snapshot === 'string' ? Buffer.byteLength(snapshot) : snapshot.byteLength
}
