import { setTimeout as paused } from 'node:timers/promises'
import { Cluster } from '../../../lib/storage/hbase/cluster.ts'
import { HBaseFailure } from '../../../lib/storage/hbase/failure.ts'
import { NativeTable } from '../../../lib/storage/hbase/native-table.ts'
import { encoded, writeMessage, writeNumber, writeText } from '../../../lib/storage/hbase/protobuf.ts'
import { type Region, Regions } from '../../../lib/storage/hbase/regions.ts'
import { eachFieldOf } from '../../../lib/storage/hbase/rpc-connection.ts'
import type { Row } from '../../../lib/storage/hbase/table.ts'
import type { Address } from '../../../lib/storage/hbase/zookeeper.ts'

/** What tests do to an HBase beside the storage: by the master, and by a table of their own. */
export class HBaseAdmin {
  readonly #options
  readonly #cluster: Cluster

  constructor(address: string) {
    this.#options = { quorum: [addressIn(address)], parent: '/hbase', user: 'root', timeout: 20_000 }
    this.#cluster = new Cluster(this.#options)
  }

  close(): void {
    this.#cluster.close()
  }

  table(name: string): NativeTable {
    return new NativeTable({ namespace: 'default', qualifier: name }, this.#options)
  }

  /** All rows, those that are no entries too. */
  async rows(name: string): Promise<Row[]> {
    const table = this.table(name)
    const scan = table.scan({ from: Buffer.alloc(0), before: Buffer.from([0xff]), forward: true })
    const all: Row[] = []
    for (let rows = await scan.next(); rows !== undefined; rows = await scan.next()) all.push(...rows)
    await table.close()
    return all
  }

  regions(name: string): Promise<readonly Region[]> {
    return new Regions(this.#cluster, name).all(AbortSignal.timeout(10_000))
  }

  create(name: string, family: string): Promise<void> {
    return this.#procedure('CreateTable', [], writer =>
      writeMessage(writer, 1, () => {
        writeMessage(writer, 1, inner => writeName(inner, name))
        writeMessage(writer, 3, inner => writeText(inner, 1, family))
      })
    )
  }

  disable(name: string): Promise<void> {
    return this.#procedure('DisableTable', [name])
  }

  enable(name: string): Promise<void> {
    return this.#procedure('EnableTable', [name])
  }

  async drop(name: string): Promise<void> {
    await this.disable(name).catch(() => undefined)
    await this.#procedure('DeleteTable', [name])
  }

  /** Splits the only region of a table at this row. */
  async split(name: string, at: Buffer): Promise<void> {
    const [region] = await this.regions(name)
    const [, regionId = '0'] = /,(\d+)\.[0-9a-f]{32}\.$/.exec(region!.name.toString('latin1')) ?? []
    await this.#procedure('SplitRegion', [], writer => {
      writeMessage(writer, 1, () => {
        writer.uint32(1 << 3).uint64(regionId)
        writeMessage(writer, 2, inner => writeName(inner, name))
        writeText(writer, 3, region!.start)
        writeText(writer, 4, region!.end)
        writeNumber(writer, 5, 0)
        writeNumber(writer, 6, 0)
      })
      writeText(writer, 2, at)
    })
  }

  /** Closes each region and opens it again, on another server if there is one. */
  async move(name: string): Promise<void> {
    for (const { name: region } of await this.regions(name)) {
      await this.#call('MoveRegion', writer =>
        writeMessage(writer, 1, () => {
          writeNumber(writer, 1, 2)
          writeText(writer, 2, /([0-9a-f]{32})\.$/.exec(region.toString('latin1'))![1]!)
        })
      )
    }
  }

  async #procedure(
    method: string,
    names: readonly string[],
    write: Parameters<typeof encoded>[0] = () => {}
  ): Promise<void> {
    const answer = await this.#call(method, writer => {
      for (const name of names) writeMessage(writer, 1, inner => writeName(inner, name))
      write(writer)
    })
    let procedure = 0n
    eachFieldOf(answer, field => {
      if (field === 1) procedure = BigInt(answer.uint64())
    })
    for (let isOver = false; !isOver; await paused(20)) {
      const result = await this.#call('getProcedureResult', writer => writer.uint32(1 << 3).uint64(procedure))
      eachFieldOf(result, field => {
        if (field === 1) isOver = result.uint32() !== 1
        if (field === 5) throw new HBaseFailure('', `${method} failed`, false)
      })
    }
  }

  async #call(method: string, write: Parameters<typeof encoded>[0]): ReturnType<Cluster['call']> {
    const master = await this.#cluster.master(AbortSignal.timeout(10_000))
    return this.#cluster.call(master, 'MasterService', method, encoded(write))
  }
}

function writeName(writer: Parameters<Parameters<typeof encoded>[0]>[0], name: string): void {
  writeText(writer, 1, 'default')
  writeText(writer, 2, name)
}

export function addressIn(text: string): Address {
  const [host, port] = text.split(':') as [string, string]
  return { host, port: Number(port) }
}
