import type { Socket } from 'node:net'
import type { Frames } from '../../../lib/storage/hbase/frames.ts'

/**
 * The frames that a client of the recorded server has sent. The connection of another one ends: a test that runs at the same time
 * may send to a port that nobody listened on a moment ago.
 */
export function* framesIn(frames: Frames, chunk: Uint8Array, socket: Socket): Generator<Buffer> {
  try {
    yield* frames.add(Buffer.from(chunk))
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    socket.destroy()
  }
}
