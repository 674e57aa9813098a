import type { Delivery } from '../delivery.ts'
import type { Envelope } from './envelope.ts'
import type { Filter } from './filter.ts'

/** What a storage gives back for a delivery that was appended to it. */
export interface Entry {
  readonly id: string
  /** How often the delivery had been stored when this entry was made: 1 for the first time. */
  readonly version: number
  readonly envelope: Envelope
  /** Ends the claim of an entry that was read with `claim` and is not settled, so that another reader can have it. */
  release?(): void
}

export interface ReadOptions {
  /** Gives only what matches. What does not match is neither given nor claimed. */
  filter?: Filter
  /** Keeps what is given from every other reader that claims, until it is removed or released, or the reader dies. */
  claim?: boolean
  /** Ends the reading early. */
  signal?: AbortSignal
}

/**
 * Where deliveries wait when their endpoint does not take them.
 *
 * An implementation keeps these promises, and `storageContract()` of `spillway/testing` checks them:
 *
 * - `append` resolves once the deliveries survive a crash of this process, and not before. An entry's key is (`id`,
 *   `version`), the version being one more than the delivery's. Repeating an append whose outcome is unknown leaves one
 *   entry of that key. When it rejects, any part of the deliveries may have been stored.
 * - `read` gives every entry that was appended and not yet removed, oldest first, of several versions of one id the
 *   newest, and ends at what was there when it began: a replay to an endpoint that is still down would else chase its
 *   own tail. With `claim` two readers never get the same entry. Without, nothing is claimed or locked.
 * - An entry that was read and not removed comes again with the next `read`.
 * - `remove` removes the version that was read and older ones of that id, never a newer one. Of an entry that is already
 *   gone it removes nothing. It may become durable a moment later: a crash then means a duplicate, never a loss.
 * - What it cannot take (too large, wrong bytes) it refuses with `SPW_ERR_STORAGE_REFUSED`; it never stores a part.
 * - The connection is opened on first use, or by `open`. `close` waits for what is under way; a second one does nothing.
 * - Everything that fails rejects with a `StorageError` which says whether it is retryable. Its message has no secret.
 */
export interface Storage {
  /** `false` when what is appended is gone with the process: `none` and `console`. Such deliveries count as abandoned. */
  readonly durable?: boolean
  open(): Promise<void>
  append(deliveries: readonly Delivery[]): Promise<void>
  read(options?: ReadOptions): AsyncIterable<Entry>
  remove(entries: readonly Entry[]): Promise<void>
  close(): Promise<void>
}

/** A storage that serves a journal better than by `append`: what was appended can be removed without being read first. */
export interface JournalingStorage extends Storage {
  /**
   * Appends like `append` and gives the entries, in the order of the deliveries and claimed. Without `sync` it resolves once
   * they are written: a crash of the process spares them, one of the machine may not, until `sync` was called.
   */
  journal(deliveries: readonly Delivery[], options: { sync: boolean }): Promise<readonly Entry[]>
  /** Makes durable what was only written. */
  sync(): Promise<void>
}
