import type { Appender } from './appender.ts'
import type { FetchedMessage } from './cluster.ts'
import { bytesOf, type Message, messageAgain } from './message.ts'
import type { Progress } from './progress.ts'
import type { TopicLog } from './topic-log.ts'

export interface Moving {
  readonly log: TopicLog
  readonly appender: Pick<Appender, 'append'>
  readonly partition: number
  readonly progress: Progress
  /** What is moved is below this offset. */
  readonly end: number
  readonly isClaimed: (offset: number) => boolean
}

/** Bytes in one message set: what was taken once alone is taken again alone. */
const groupBytes = 500_000

/** Appends what is open and not claimed to the end of its partition, and settles it where it was. */
export async function moveAhead({ log, appender, partition, progress, end, isClaimed }: Moving): Promise<void> {
  const isMoved = (offset: number): boolean =>
    !progress.isPast(offset) && !progress.isPartly(offset) && !isClaimed(offset)
  let group: Message[] = []
  let offsets: number[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (group.length > 0) await appender.append(group)
    for (const offset of offsets) progress.settle({ offset, index: 0, of: 1 })
    group = []
    offsets = []
    bytes = 0
  }
  for await (const found of messagesOf(log, partition, progress.base, end)) {
    const offset = Number(found.offset)
    if (!isMoved(offset)) continue
    const message = messageAgain(found, partition, `${log.topic}.${partition}.${offset}`)
    const size = bytesOf(message)
    if (group.length > 0 && bytes + size > groupBytes) await flush()
    group.push(message)
    offsets.push(offset)
    bytes += size
  }
  await flush()
}

async function* messagesOf(
  log: TopicLog,
  partition: number,
  from: number,
  end: number
): AsyncGenerator<FetchedMessage> {
  while (from < end) {
    const { messages, next } = await log.fetch(partition, from, end)
    yield* messages
    from = next
  }
}
