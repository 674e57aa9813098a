import type { FetchedMessage, FetchedPartition } from './cluster.ts'

/** The messages of other clients' transactions that were not aborted, and of course all that are in none. */
export function committedIn({ messages, abortedTransactions = [] }: FetchedPartition): readonly FetchedMessage[] {
  // As good as always.
  if (!messages.some(({ batchContext }) => batchContext?.inTransaction)) return messages
  const waiting = [...abortedTransactions].sort((a, b) => Number(a.firstOffset) - Number(b.firstOffset))
  const aborting = new Set<string>()
  return messages.filter(message => {
    while (waiting.length > 0 && Number(waiting[0]!.firstOffset) <= Number(message.offset)) {
      aborting.add(waiting.shift()!.producerId)
    }
    const { inTransaction = false, producerId = '' } = message.batchContext ?? {}
    if (message.isControlRecord) {
      if (isAbort(message)) aborting.delete(producerId)
      return false
    }
    return !(inTransaction && aborting.has(producerId))
  })
}

// The key of a control record: two bytes of version, two of type.
const isAbort = ({ key }: FetchedMessage): boolean => key !== null && key.length >= 4 && key.readInt16BE(2) === 0
