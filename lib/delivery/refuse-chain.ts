import type { Writable } from 'node:stream'
import { StreamError } from '../errors.ts'

/**
 * Refuses to be piped into by `chain()` of stream-chain. A pipeline that ends in a chain resolves when the chain has taken
 * the last record, not when the sink in it has delivered it, and a later error of the sink is an uncaught exception.
 * Seen by the name of the file that pipes, which a bundler may hide.
 */
export function refuseChain(stream: Writable): void {
  stream.on('pipe', () => {
    const caller = new Error().stack ?? ''
    if (!/[\\/]stream-chain[\\/]/.test(caller)) return
    const name = stream.constructor.name
    throw new StreamError(
      'SPW_ERR_CHAIN',
      `${name} must not stand inside chain(): write pipeline(source, chain([…]), ${name[0]!.toLowerCase()}${name.slice(1)}).`
    )
  })
}
