import { Writable } from 'node:stream'
import { StreamError } from '../errors.ts'

export type WriteCallback = (error?: Error | null) => void

/**
 * Takes nothing of a write beyond twice the capacity: its callback gets `SPW_ERR_OVERFLOW`. A writer that has no callback
 * either would never learn of it, so then the stream is destroyed with that error.
 */
export function overflow(stream: Writable, capacity: number, encoding: unknown, callback: unknown): false {
  const message = `write() had returned false and was called on, beyond twice the capacity of ${capacity}: wait for 'drain'.`
  const error = new StreamError('SPW_ERR_OVERFLOW', message)
  const told = typeof encoding === 'function' ? encoding : callback
  if (typeof told === 'function') process.nextTick(told, error)
  else stream.destroy(error)
  return false
}

/**
 * What `end(chunk, encoding, callback)` has to write first, and what is to be called at the end. Node's own `end` writes its
 * chunk past the `write` of a subclass, which would not learn of it.
 */
export function lastWrite(...given: unknown[]): { chunk: unknown; callback: (() => void) | undefined } {
  const callback = given.find((one): one is () => void => typeof one === 'function')
  return { chunk: typeof given[0] === 'function' ? undefined : (given[0] ?? undefined), callback }
}

/** Lets `writableHighWaterMark` and `writableLength` of a class of streams tell of its own queue, not of Node's buffer. */
export function tellOfQueue<T extends Writable>(
  prototype: T,
  { capacity, length }: { capacity: (stream: T) => number; length: (stream: T) => number }
): void {
  Object.defineProperty(prototype, 'writableHighWaterMark', {
    get(this: T) {
      return capacity(this)
    }
  })
  Object.defineProperty(prototype, 'writableLength', {
    get(this: T) {
      return length(this)
    }
  })
}

/** How many writes are in Node's buffer. */
export function nodeLength(stream: Writable): number {
  return Reflect.get(Writable.prototype, 'writableLength', stream)
}
