import type { Delivery } from '../../../lib/delivery.ts'
import type { Service } from '../../support/servers/service.ts'

/** What `npm run bench -- storages` needs of a storage. */
export interface StorageBench {
  readonly service: Service
  /** Whether a stream that fails over must reach 20,000 records a second with it. */
  readonly failsOverQuickly?: boolean
  /** The options of `storageFrom`, over a table, topic or folder of this name, which is not there yet. */
  options(address: string, name: string): { storage: string; [option: string]: unknown }
  /** The same rows by the driver alone, in a table, topic or folder of this name. It is made, and whatever is needed opened. */
  bare(address: string, name: string): Promise<BareDriver>
}

/** The quickest that a careful user of the driver would write by hand. */
export interface BareDriver<Batch = unknown> {
  /** What `append` takes, made before the clock runs: the same columns, headers or bytes as the storage writes. */
  prepared(deliveries: readonly Delivery[]): Batch
  /** As durable as the storage's own append. */
  append(batch: Batch): Promise<void>
  /** Reads all that was appended by the driver's fastest way, without looking into it. Gives how many there are. */
  read(): Promise<number>
  /** Removes all and ends the connection. */
  close(): Promise<void>
}
