import type { Delivery } from '../delivery.ts'

/**
 * One attempt to deliver. The built-in one speaks HTTP; signing and the like are a Sender around it, put there by the
 * option `wrapSender` of `HttpWritable`.
 */
export interface Sender {
  /**
   * Resolves once the endpoint has acknowledged the delivery, and rejects with a `DeliveryError` when it has not. Anything
   * else that it rejects with refuses this delivery (`SPW_ERR_SENDER`). When `signal` aborts, nobody waits any longer.
   */
  send(delivery: Delivery, signal: AbortSignal): Promise<void>
}
