import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/**
 * Prints a line at once, not by way of `process.stdout`: a parent that is slow to read lets lines pile up there, and kill -9
 * takes them along, although what they say was done. (A socket takes some 280 short lines before that.) A thread has its own
 * output.
 */
export function say(line: string): void {
  if (!isMainThread) return void process.stdout.write(`${line}\n`)
  for (;;) {
    try {
      writeSync(1, `${line}\n`)
      return
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') throw error
    }
  }
}
