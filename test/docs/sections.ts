import { exitCodes } from '../../lib/cli/exit-code.ts'
import { errorCodes } from '../../lib/errors.ts'
import { failoverSchema } from '../../lib/failover-writable.ts'
import { httpSchema } from '../../lib/http-writable.ts'
import { journalSchema } from '../../lib/journal-transform.ts'
import type { OptionsSchema } from '../../lib/options.ts'
import { replaySchema } from '../../lib/replay.ts'
import { retrySchema } from '../../lib/retry-transform.ts'
import { sourceSchema } from '../../lib/source/options.ts'
import { fileStorageSchema } from '../../lib/storage/file-storage.ts'
import { hbaseStorageSchema } from '../../lib/storage/hbase-storage.ts'
import { hdfsStorageSchema } from '../../lib/storage/hdfs-storage.ts'
import { kafkaStorageSchema } from '../../lib/storage/kafka-storage.ts'
import { mysqlStorageSchema } from '../../lib/storage/mysql-storage.ts'
import { filterSchema } from '../../lib/storage/filter.ts'
import { type DocComment, docCommentsOf } from './doc-comments.ts'
import { optionsTable, table } from './options-table.ts'

/** A table of options: its schema, and where the comments are. */
export interface OptionsSection {
  readonly schema: OptionsSchema
  /** Files and the interfaces in them. */
  readonly comments: ReadonlyArray<readonly [file: string, interfaceName: string]>
}

/** The tables of options in the README, by the name in their marker. */
export const optionsSections: Readonly<Record<string, OptionsSection>> = {
  http: { schema: httpSchema, comments: [['lib/http/options.ts', 'HttpOptions']] },
  retry: { schema: retrySchema, comments: [['lib/retry-transform.ts', 'RetryOptions']] },
  failover: {
    schema: failoverSchema,
    comments: [
      ['lib/storage/storage-options.ts', 'StorageChoice'],
      ['lib/failover-writable.ts', 'FailoverRules']
    ]
  },
  file: { schema: fileStorageSchema, comments: [['lib/storage/file-storage.ts', 'FileStorageOptions']] },
  sql: { schema: mysqlStorageSchema, comments: [['lib/storage/sql/options.ts', 'SqlOptions']] },
  kafka: { schema: kafkaStorageSchema, comments: [['lib/storage/kafka-storage.ts', 'KafkaStorageOptions']] },
  hbase: { schema: hbaseStorageSchema, comments: [['lib/storage/hbase-storage.ts', 'HBaseStorageOptions']] },
  hdfs: { schema: hdfsStorageSchema, comments: [['lib/storage/hdfs-storage.ts', 'HdfsStorageOptions']] },
  journal: {
    schema: journalSchema,
    comments: [
      ['lib/storage/storage-options.ts', 'StorageChoice'],
      ['lib/journal/options.ts', 'JournalRules']
    ]
  },
  replay: {
    schema: replaySchema,
    comments: [
      ['lib/storage/storage-options.ts', 'StorageChoice'],
      ['lib/replay.ts', 'ReplayRules']
    ]
  },
  filter: { schema: filterSchema, comments: [['lib/storage/filter.ts', 'Filter']] },
  source: { schema: sourceSchema, comments: [['lib/source/options.ts', 'SourceOptions']] }
}

/** Everything in the README that is generated, by the name in its marker. */
export function generatedSections(): Map<string, string> {
  const sections = new Map<string, string>()
  for (const [name, section] of Object.entries(optionsSections)) {
    sections.set(`options ${name}`, optionsTable(section.schema, commentsOf(section)))
  }
  const codes = Object.entries(errorCodes).map(([code, meaning]) => [`\`${code}\``, meaning])
  sections.set('exit codes', table(['Exit code', 'Meaning'], exitCodes))
  return sections.set('error codes', table(['Code', 'Meaning'], codes))
}

/** The comments of all interfaces of a section. */
export function commentsOf({ comments }: OptionsSection): ReadonlyMap<string, DocComment> {
  return new Map(comments.flatMap(([file, interfaceName]) => [...docCommentsOf(file, interfaceName)]))
}
