import { withDeadline } from '../remote/deadline.ts'

/**
 * Waits for what ends connections in their own way, but no longer than `timeout` milliseconds: kafkajs waits for answers that a
 * broker may never give, and for those that it may not even ask for while it is throttled. Never rejects: nothing that somebody
 * waits for depends on it, and what is left ends with its socket.
 */
export async function endedWithin(timeout: number, end: () => Promise<void>): Promise<void> {
  await withDeadline(timeout, 'end a connection', end).catch(() => undefined)
}
