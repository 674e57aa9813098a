/** A test file, and the part of a title when only some of its tests are meant. */
export type Net = readonly [file: string, title?: string]

/** A bug to be put into a copy of the library, and who must notice. */
export interface Bug {
  readonly name: string
  readonly file: string
  /** What stands there once, and what is put in its place. */
  readonly was: string
  readonly is: string
  readonly nets: readonly Net[]
}

const simulatedDisk: Net = ['test/machines/simulated-disk/simulated-disk.test.ts', 'keeps what']
const powerLoss: Net = ['test/machines/power-loss/power-loss.test.ts', 'keeps what']
const corruption: Net = ['test/machines/corruption/corruption.test.ts', 'opened for writing']
const diskFaults = 'test/storage/file/disk-faults.test.ts'
const removal = 'test/storage/file/removal.test.ts'

/** Bugs that were seen in libraries of this kind, and those that the machines found in this one. */
export const bugs: readonly Bug[] = [
  {
    name: 'acknowledge before fsync',
    file: 'lib/storage/file/writer.ts',
    was: 'if (group.syncs || active.isNew) await this.#sync(active)\n    else active.isDirty = true',
    is: 'active.isDirty = true',
    nets: [simulatedDisk, powerLoss]
  },
  {
    name: 'no directory fsync',
    file: 'lib/storage/file/writer.ts',
    was: 'await this.#folder.disk.syncFolder(this.#folder.path)',
    is: 'void 0',
    nets: [simulatedDisk, [diskFaults, 'T08']]
  },
  {
    name: 'unlink before the removal log is synced',
    file: 'lib/storage/file/engine.ts',
    was: 'await this.#log.sync()\n      for (const segment of empty)',
    is: 'for (const segment of empty)',
    nets: [simulatedDisk, [removal, 'syncs the log before']]
  },
  {
    name: 'delete before put',
    file: 'lib/failover-writable.ts',
    was: `const storage = await this.#chain.append(group.map(({ delivery }) => delivery))
      for (const stored of group) this.#leave(stored, storage.durable === false ? 'abandoned' : 'stored')`,
    is: `for (const stored of group) this.#leave(stored, 'stored')
      const storage = await this.#chain.append(group.map(({ delivery }) => delivery))`,
    nets: [['test/failover-writable.test.ts'], ['test/machines/model/model.test.ts']]
  },
  {
    name: 'retry on the same descriptor after EIO',
    file: 'lib/storage/file/writer.ts',
    was: 'const isSynced = (await this.#abandon()) && !isSyncing',
    is: 'const isSynced = true || isSyncing',
    nets: [[diskFaults, 'T07'], simulatedDisk]
  },
  {
    name: 'short write ignored',
    file: 'lib/storage/file/disk.ts',
    was: `if (written === 0) throw Object.assign(new Error('nothing was written'), { code: 'EIO' })`,
    is: 'return',
    nets: [[diskFaults, 'short count']]
  },
  {
    name: 'callback not called in destroy',
    file: 'lib/http-writable.ts',
    was: `held?.(error ?? new StreamError('SPW_ERR_ABANDONED', 'The stream was destroyed before this record was accepted.'))`,
    is: '',
    nets: [['test/promises.test.ts', 'S02'], ['test/machines/model/model.test.ts']]
  },
  {
    name: 'shutdown counted as a failure',
    file: 'lib/http/failure.ts',
    was: 'countsAsAttempt: sent\n',
    is: 'countsAsAttempt: true\n',
    nets: [['test/http/failure.test.ts'], ['test/machines/model/model.test.ts']]
  },
  {
    name: 'success only on 200',
    file: 'lib/http/response.ts',
    was: 'if (success(status)) return undefined',
    is: 'if (status === 200) return undefined',
    nets: [['test/faults/endpoint-status.test.ts', 'E59']]
  },
  {
    name: 'storage error swallowed',
    file: 'lib/failover-writable.ts',
    was: 'return this.#fail(group, error as Error)',
    is: `return group.forEach(stored => this.#leave(stored, 'stored'))`,
    nets: [['test/failover-writable.test.ts'], ['test/machines/model/model.test.ts']]
  },
  {
    name: 'unbounded retry list',
    file: 'lib/retry-transform.ts',
    was: 'return records >= queueCapacity || bytes >= queueBytes',
    is: 'return records + bytes >= queueCapacity + queueBytes + Infinity',
    nets: [['test/retry-transform.test.ts'], ['test/machines/model/model.test.ts']]
  },
  {
    name: '1xx never ends',
    file: 'lib/http/exchange.ts',
    was: 'const { timeout, semantics } = this.#rules\n    this.#cut(',
    is: 'const { timeout, semantics } = this.#rules\n    if (this.#controller === undefined || this.#state === headers) this.#cut(',
    nets: [['test/faults/endpoint-protocol.test.ts', 'E45']]
  },
  {
    name: 'timer overflow',
    file: 'lib/retry/schedule.ts',
    was: ', longestTimer)\n',
    is: ', Infinity)\n',
    nets: [['test/retry/schedule.test.ts']]
  },
  {
    name: 'secret in an error',
    file: 'lib/http/exchange.ts',
    was: 'cannot be made.`, cause)',
    is: 'cannot be made: ${messageOf(cause)}`, cause)',
    nets: [['test/http-writable.test.ts', 'headers refuses a delivery']]
  },
  {
    name: 'table name from anywhere',
    file: 'lib/storage/sql/options.ts',
    was: `pattern: '^[A-Za-z_][A-Za-z0-9_$]{0,62}(\\\\.[A-Za-z_][A-Za-z0-9_$]{0,62})?$'`,
    is: `pattern: '^'`,
    nets: [['test/storage/sql/options.test.ts', 'T46']]
  },
  {
    name: 'folder name from anywhere',
    file: 'lib/storage/file-storage.ts',
    was: `'^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$'`,
    is: `'^'`,
    nets: [['test/storage/file-storage.test.ts']]
  },
  {
    name: 'stale claim',
    file: 'lib/storage/file/entry.ts',
    was: 'if (this.#isClaimed && claims.get(this.#offset) === this.#reader) claims.delete(this.#offset)',
    is: 'claims.get(this.#offset)',
    nets: [['test/storage/file-storage.test.ts']]
  },
  {
    name: 'version ignored at removal',
    file: 'lib/storage/file/engine.ts',
    was: 'if (version === undefined || entry.version > version) continue',
    is: 'if (version === undefined) continue',
    nets: [[removal, 'by its key']]
  },
  {
    name: 'idempotency key changes on retry',
    file: 'lib/http/exchange.ts',
    was: 'pairs.push(keyHeader, id)',
    is: 'pairs.push(keyHeader, `${id}-${Math.random()}`)',
    nets: [['test/promises.test.ts', 'sends again under the same key']]
  },
  {
    name: 'Retry-After ignored',
    file: 'lib/http/response.ts',
    was: `const wait = status === 429 || status === 503 ? retryAfter(headers['retry-after'], now()) : undefined`,
    is: `const wait = retryAfter(undefined, 0)`,
    nets: [['test/http/response.test.ts'], ['test/faults/endpoint-status.test.ts', 'E77']]
  },
  {
    name: 'batch split loses a half',
    file: 'lib/retry-transform.ts',
    was: 'for (const half of delivery.split()) this.#retry(half)',
    is: 'this.#retry(delivery.split()[0])',
    nets: [['test/retry-transform.test.ts'], ['test/machines/model/model.test.ts']]
  },
  {
    name: 'a cut answer is a success',
    file: 'lib/http/exchange.ts',
    was: 'return this.#verdict() ?? incomplete(this.#status, cause, this.#rules.semantics)',
    is: `return this.#verdict() ?? (undefined as unknown as DeliveryError)`,
    nets: [['test/promises.test.ts', 'E32']]
  },
  {
    name: 'an entry in the place of a removed one is taken for it (found by: corruption, opened for writing)',
    file: 'lib/storage/file/repair.ts',
    was: 'isWhole && !segment.isRemovedBeyondEnd',
    is: 'isWhole',
    nets: [corruption, ['test/storage/file/folder-contents.test.ts', 'T13']]
  },
  {
    name: 'a claimed older version stays when the newer is removed (found by: every call)',
    file: 'lib/storage/file/reader.ts',
    was: 'if (segment.isRemoved(offset)) continue\n',
    is: 'if (segment.isRemoved(offset) || (this.#claim && segment.claims.has(offset))) continue\n',
    nets: [[removal, 'somebody has claimed']]
  },
  {
    name: 'a lock that could not be marked stays (found by: every call)',
    file: 'lib/storage/file/lock-file.ts',
    was: `await lock.release().catch(() => undefined)
        throw cause`,
    is: 'throw cause',
    nets: [['test/storage/file/lock.test.ts', 'T09']]
  },
  {
    name: 'what is written again elsewhere is not durably cut off (found by: simulated disk)',
    file: 'lib/storage/file/writer.ts',
    was: 'await file.sync()\n      if (isNew) await',
    is: 'if (!isNew) await file.sync()\n      if (isNew) await',
    nets: [simulatedDisk, [diskFaults, 'no second copy']]
  },
  {
    name: 'a failed fsync of the journal is asked again',
    file: 'lib/storage/file/writer.ts',
    was: 'if (isDirty && !isSynced) return',
    is: 'if (isDirty && !isSynced && group.bytes < 0) return',
    nets: [[diskFaults, 'T07 says by']]
  },
  {
    name: 'a repaired segment is not synced',
    file: 'lib/storage/file/repair.ts',
    was: 'await file.sync()\n',
    is: '\n',
    nets: [simulatedDisk]
  },
  {
    name: 'the removal log is renamed before it is synced',
    file: 'lib/storage/file/removal-log.ts',
    was: 'await file.sync()\n      await disk.rename',
    is: 'await disk.rename',
    nets: [simulatedDisk]
  }
]
