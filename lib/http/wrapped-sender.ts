import { OptionsError } from '../errors.ts'
import { messageOf } from '../message-of.ts'
import type { Sender } from './sender.ts'

/** What `wrapSender` makes. Throws `SPW_ERR_OPTIONS` when that is no Sender. */
export function wrappedSender(wrapSender: (inner: Sender) => Sender, inner: Sender): Sender {
  const sender: Partial<Sender> | undefined = made(() => wrapSender(inner))
  if (typeof sender?.send === 'function') return sender as Sender
  throw new OptionsError('http/wrapSender must give a Sender, which has a method send')
}

function made<T>(make: () => T): T {
  try {
    return make()
  } catch (cause) {
    throw new OptionsError(`http/wrapSender threw: ${messageOf(cause)}`, { cause })
  }
}
