import type { KafkaClient } from './client.ts'
import { withDeadline } from '../remote/deadline.ts'
import { storageError } from './failure.ts'
import type { Ledger } from './ledger.ts'
import { entriesOf } from './reading.ts'

/** How a topic is. */
export interface KafkaReport {
  readonly entries: number
  /** What lets entries be lost. */
  readonly warnings: readonly string[]
}

/** `retention.ms` and the like of a topic. */
type TopicConfig = ReadonlyMap<string, string>

/** `timeout`, in milliseconds, is for the configuration of the topic. */
export async function reportOf(
  ledger: Ledger,
  client: KafkaClient,
  { reader, timeout }: { readonly reader: object; readonly timeout: number }
): Promise<KafkaReport> {
  let entries = 0
  for await (const _entry of entriesOf(async () => ledger, {}, reader)) entries++
  if ((await ledger.log.extents()) === undefined) return { entries, warnings: [] }
  return { entries, warnings: await warningsFor(ledger.log.topic, client, timeout) }
}

async function warningsFor(topic: string, client: KafkaClient, timeout: number): Promise<string[]> {
  try {
    return warningsIn(topic, await withDeadline(timeout, 'ask', () => configOf(topic, client)))
  } catch (cause) {
    // Another right than reading needs.
    return [
      `Whether entries lapse is not known. ${storageError(`read the configuration of the topic ${topic}`, cause).message}`
    ]
  }
}

/** A sentence for each setting by which Kafka deletes what was not settled. */
export function warningsIn(topic: string, config: TopicConfig): string[] {
  const policy = config.get('cleanup.policy') ?? 'delete'
  if (!policy.includes('delete')) return []
  const limits = ['retention.ms', 'retention.bytes'] as const
  return limits
    .filter(name => Number(config.get(name) ?? -1) >= 0)
    .map(name => `${name} of the topic ${topic} is ${config.get(name)}: older entries are lost. Set it to -1.`)
}

async function configOf(topic: string, { driver, kafka }: KafkaClient): Promise<TopicConfig> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: driver.ConfigResourceTypes.TOPIC, name: topic }]
    })
    return new Map(
      resources.flatMap(({ configEntries }) => configEntries.map(entry => [entry.configName, entry.configValue]))
    )
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}
