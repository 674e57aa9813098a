import { setTimeout as paused } from 'node:timers/promises'
import type { Cluster } from './cluster.ts'
import { exceptionOf, HBaseFailure, noAnswer } from './failure.ts'
import { type BinaryReader, type BinaryWriter, eachFieldWithin, encoded, writeMessage, writeText } from './protobuf.ts'
import { eachFieldOf } from './rpc-connection.ts'
import { family } from './table.ts'

// The messages of the service `MasterService` that make what is missing.

const finished = 2

/** A table's name and the namespace that it is in. */
export interface TableName {
  readonly namespace: string
  readonly qualifier: string
}

/** Makes the table with its family. One that somebody else makes meanwhile is as good. */
export async function createTable(cluster: Cluster, name: TableName, signal: AbortSignal): Promise<void> {
  const request = encoded(writer =>
    writeMessage(writer, 1, () => {
      writeName(writer, 1, name)
      writeMessage(writer, 3, () => writeText(writer, 1, family))
    })
  )
  await run(cluster, 'CreateTable', request, signal, /TableExists/)
}

/** Adds the family to a table of somebody else. */
export async function addFamily(cluster: Cluster, name: TableName, signal: AbortSignal): Promise<void> {
  const request = encoded(writer => {
    writeName(writer, 1, name)
    writeMessage(writer, 2, () => writeText(writer, 1, family))
  })
  await run(cluster, 'AddColumn', request, signal, /InvalidFamilyOperation/)
}

function writeName(writer: BinaryWriter, field: number, { namespace, qualifier }: TableName): void {
  writeMessage(writer, field, () => {
    writeText(writer, 1, namespace)
    writeText(writer, 2, qualifier)
  })
}

// The master answers with the number of a procedure, and that is asked for until it is over.
async function run(
  cluster: Cluster,
  method: string,
  request: Uint8Array,
  signal: AbortSignal,
  harmless: RegExp
): Promise<void> {
  const master = await cluster.master(signal)
  const call = (name: string, parameter: Uint8Array): Promise<BinaryReader> =>
    cluster.call(master, 'MasterService', name, parameter)
  try {
    const procedure = procedureIn(await call(method, request))
    const question = encoded(writer => writer.uint32(1 << 3).uint64(procedure))
    while (!isOver(await call('getProcedureResult', question))) await paused(50, undefined, { signal })
  } catch (error) {
    if (!(error instanceof HBaseFailure) || !harmless.test(error.exception)) throw error
  }
}

function procedureIn(answer: BinaryReader): bigint {
  let procedure: bigint | undefined
  eachFieldOf(answer, field => {
    if (field === 1) procedure = BigInt(answer.uint64())
  })
  if (procedure === undefined) throw noAnswer('the master gave no number of its procedure')
  return procedure
}

function isOver(answer: BinaryReader): boolean {
  let state = 0
  let failure: HBaseFailure | undefined
  eachFieldOf(answer, field => {
    if (field === 1) state = answer.uint32()
    else if (field === 5) failure = foreignException(answer)
  })
  if (failure !== undefined) throw failure
  return state === finished
}

function foreignException(reader: BinaryReader): HBaseFailure {
  let name = ''
  let text = ''
  eachFieldWithin(reader, field => {
    if (field !== 2) return
    eachFieldWithin(reader, inner => {
      if (inner === 1) name = reader.string()
      else if (inner === 2) text = reader.string()
    })
  })
  return exceptionOf(name, text, true)
}
