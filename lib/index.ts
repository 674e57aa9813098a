export type { Place, Stats } from './account.ts'
export type { StreamParkOptions } from './config/streampark-options.ts'
export { Delivery, type DeliveryInit, type DeliveryRequest, type Member } from './delivery.ts'
export type { ErrorSummary } from './delivery/error-summary.ts'
export type { Outcome, SettleHook } from './delivery/settlement.ts'
export type { Snapshot } from './delivery/snapshot.ts'
export { diagnosticChannels, type Diagnostics } from './diagnostics.ts'
export {
  DeliveryError,
  type DeliveryErrorCode,
  type DeliveryErrorInfo,
  type ErrorCode,
  errorCodes,
  OptionsError,
  type Phase,
  SpillwayError,
  StorageError,
  type StorageErrorCode,
  type StoredOutcome,
  StreamError
} from './errors.ts'
export {
  type FailoverOptions,
  type FailoverRules,
  FailoverWritable,
  type FallbackOptions
} from './failover-writable.ts'
export type { Semantics } from './http/failure.ts'
export type { Format, FormatName } from './http/format.ts'
export type { Sender } from './http/sender.ts'
export type { StatusSet } from './http/status-set.ts'
export type { Headers, HeaderValue } from './http/target.ts'
export { HttpSink, httpSink, type HttpSinkOptions } from './http-sink.ts'
export { type HttpOptions, HttpWritable } from './http-writable.ts'
export { type JournalOptions, type JournalRules, JournalTransform } from './journal-transform.ts'
export { Replay, replay, type ReplayOptions, type ReplayRules, type ReplayStats } from './replay.ts'
export { type RetryOptions, RetryTransform } from './retry-transform.ts'
export { type Envelope, envelopeOf, parseEnvelope, recordsOf, type StoredRecord } from './storage/envelope.ts'
export { FileStorage, type FileStorageOptions } from './storage/file-storage.ts'
export { type Filter, matching } from './storage/filter.ts'
export { HBaseStorage, type HBaseStorageOptions } from './storage/hbase-storage.ts'
export { HdfsStorage, type HdfsStorageOptions } from './storage/hdfs-storage.ts'
export { type KafkaSasl, KafkaStorage, type KafkaStorageOptions, type KafkaTls } from './storage/kafka-storage.ts'
export { MysqlStorage, type MysqlStorageOptions } from './storage/mysql-storage.ts'
export { PostgresStorage, type PostgresStorageOptions } from './storage/postgres-storage.ts'
export type {
  LastingStorageOptions,
  NamedStorageOptions,
  StorageChoice,
  StorageName,
  StorageOptions
} from './storage/storage-options.ts'
export type { Entry, ReadOptions, Storage } from './storage/storage.ts'
