import { expect } from 'chai'
import type { StorageError } from '../../../lib/errors.ts'
import { entriesIn, failedDeliveries } from '../../support/deliveries.ts'
import { FakeWebHdfs, remote } from '../../support/fake-web-hdfs.ts'
import { freePorts } from '../../support/servers/free-ports.ts'
import { failure } from '../../support/storage-failure.ts'
import { HdfsRig } from './rig.ts'

describe('HdfsStorage and its servers', () => {
  const rig = new HdfsRig()

  it('T55 asks the next NameNode when one is a standby, and stays with it', async () => {
    const standby = await new FakeWebHdfs().listen()
    standby.harm = () => remote('StandbyException', 'Operation category WRITE is not supported in state standby')
    const storage = rig.storage({ namenode: `http://${standby.address},http://${rig.fake.address}` })
    await storage.append(failedDeliveries(2))
    expect(await entriesIn(storage)).to.have.length(2)
    expect(standby.steps).to.have.length(1)
    await standby.close()
  })

  it('T55 asks the next NameNode when one is not there', async () => {
    const storage = rig.storage({ namenode: `http://127.0.0.1:1, http://${rig.fake.address}` })
    await storage.append(failedDeliveries(1))
    expect(await entriesIn(storage)).to.have.length(1)
  })

  it('T56 asks slowly while HDFS is in safe mode', async () => {
    const storage = rig.storage({ timeout: 2_900 })
    const asked: number[] = []
    rig.fake.harm = ({ op }) => {
      if (op !== 'LISTSTATUS_BATCH') return undefined
      asked.push(performance.now())
      return remote('SafeModeException', 'Cannot list. Name node is in safe mode.')
    }
    const error = await failure(entriesIn(storage))
    expect([error.code, error.retryable]).to.deep.equal(['SPW_ERR_STORAGE', true])
    expect(asked).to.have.length(3)
    for (let i = 1; i < asked.length; i++) expect(asked[i]! - asked[i - 1]!).to.be.above(900)
  }).timeout(10_000)

  it('T57 never appends to a file, and gives a file its name when it is whole', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(1))
    const ops = rig.fake.steps.map(({ op, path }) => `${op} ${path.includes('/_spillway/writing/')}`)
    expect(ops).to.deep.equal(['CREATE true', 'CREATE data true', 'MKDIRS false', 'RENAME true'])
  })

  it('asks again when the DataNode has lost the NameNode', async () => {
    const storage = rig.storage()
    let failed = 0
    rig.fake.harm = ({ op }) =>
      op === 'CREATE data' && failed++ === 0 ? remote('ConnectException', 'Call From a to b failed') : undefined
    await storage.append(failedDeliveries(1))
    expect(failed).to.equal(2)
  })

  it('T34 keeps a file whole when a try to write it that was given up comes late', async () => {
    const storage = rig.storage()
    let late: string | undefined
    rig.fake.harm = ({ op, path }) => {
      if (op === 'CREATE data' && late === undefined) {
        late = path
        return 'drop'
      }
      // The DataNode that did not answer makes the file only now, and has nothing to put into it any more.
      if (op === 'RENAME') rig.fake.put(late!, '')
      return undefined
    }
    await storage.append(failedDeliveries(2))
    rig.fake.harm = () => undefined
    expect(await entriesIn(storage)).to.have.length(2)
  })

  it('T58 sends nothing but the question to a NameNode that redirects to a foreign address', async () => {
    for (const location of ['http://169.254.169.254/latest', 'ftp://127.0.0.1/x', 'http://[fe80::1]/x']) {
      rig.fake.harm = ({ op }) => (op === 'CREATE' ? { status: 307, headers: { location } } : undefined)
      const error = await failure(rig.storage().append(failedDeliveries(1)))
      expect(error.message).to.include('The NameNode redirects to')
      expect(error.retryable).to.equal(false)
    }
  })

  it('T58 asks for another DataNode when one is dead', async () => {
    rig.fake.harm = ({ op, query }) => {
      if (op !== 'CREATE' || query.has('excludedatanodes')) return undefined
      return { status: 307, headers: { location: 'http://127.0.0.1:1/webhdfs/v1/x' } }
    }
    const storage = rig.storage()
    await storage.append(failedDeliveries(1))
    const asked = rig.fake.steps.filter(({ op }) => op === 'CREATE').map(({ query }) => query.get('excludedatanodes'))
    expect(asked).to.deep.equal([null, '127.0.0.1'])
  })

  it('T59 takes a renaming whose answer is lost for what it was', async () => {
    const storage = rig.storage()
    let lost = 0
    rig.fake.harm = ({ op }) => (op === 'RENAME' && lost++ === 0 ? 'lose' : undefined)
    await storage.append(failedDeliveries(3))
    expect(rig.fake.files()).to.have.length(1)
  })

  it('T59 makes a renaming again that was not done', async () => {
    const storage = rig.storage()
    let dropped = 0
    rig.fake.harm = ({ op }) => (op === 'RENAME' && dropped++ < 3 ? 'drop' : undefined)
    await storage.append(failedDeliveries(3))
    expect(rig.fake.files()).to.have.length(1)
  })

  it('T59 looks into a false, of a server that says no more', async () => {
    rig.fake.knowsRenameOptions = false
    const storage = rig.storage()
    let count = 0
    rig.fake.harm = ({ op }) =>
      op === 'RENAME' && count++ === 0 ? { status: 200, body: '{"boolean":false}' } : undefined
    await storage.append(failedDeliveries(3))
    expect(rig.fake.files()).to.have.length(1)
    rig.fake.harm = ({ op }) => (op === 'RENAME' ? { status: 200, body: '{"boolean":false}' } : undefined)
    const error = await failure(storage.append(failedDeliveries(1)))
    expect(error.message).to.match(/^Cannot rename /)
  })

  for (const knowsRenameOptions of [true, false]) {
    const server = knowsRenameOptions ? 'a server that names what is missing' : 'one that says false and no more'
    it(`makes a folder anew that vanished, on ${server}`, async () => {
      rig.fake.knowsRenameOptions = knowsRenameOptions
      const storage = rig.storage()
      await storage.append(failedDeliveries(1))
      for (const path of rig.fake.files()) rig.fake.nodes.delete(path)
      for (const path of [...rig.fake.nodes.keys()]) if (/\d{4}-\d\d-\d\d$/.test(path)) rig.fake.nodes.delete(path)
      await storage.append(failedDeliveries(2))
      expect(await entriesIn(storage)).to.have.length(2)
    })
  }

  for (const step of ['CREATE', 'CREATE data', 'MKDIRS', 'RENAME']) {
    for (const harm of ['drop', 'lose'] as const) {
      it(`T34 leaves one entry of each when ${step} fails (${harm}) until the append is repeated`, async () => {
        const storage = rig.storage()
        const deliveries = failedDeliveries(5)
        let isDown = false
        rig.fake.harm = ({ op }) => {
          isDown ||= op === step
          return isDown ? harm : undefined
        }
        const error = await failure(storage.append(deliveries))
        expect(error.retryable).to.equal(true)
        rig.fake.harm = () => undefined
        await Promise.all([storage.append(deliveries.slice(0, 2)), storage.append(deliveries.slice(2))])
        expect(await entriesIn(storage)).to.have.length(5)
        expect(rig.fake.files('/failover/record/2')).to.have.length(1)
        expect(rig.fake.files('/failover/record/_spillway/writing')).to.have.length(0)
      })
    }
  }

  const refusals: Array<[string, string, string, StorageError['code'], boolean]> = [
    [
      'T60 a quota of space',
      'DSQuotaExceededException',
      'The DiskSpace quota of /a is exceeded',
      'SPW_ERR_STORAGE_FULL',
      true
    ],
    ['T60 a quota of names', 'NSQuotaExceededException', 'The NameSpace quota', 'SPW_ERR_STORAGE_FULL', true],
    [
      'T60 a quota as an IOException',
      'IOException',
      'org.apache.hadoop.hdfs.protocol.DSQuotaExceededException: The DiskSpace quota of /a is exceeded\n\tat x',
      'SPW_ERR_STORAGE_FULL',
      true
    ],
    ['T60 a full disk', 'IOException', 'No space left on device', 'SPW_ERR_STORAGE_FULL', true],
    [
      'T60 DataNodes without room',
      'RemoteException',
      'File /a could only be written to 0 of the 1 minReplication nodes. There are 1 datanode(s) running and 0 node(s) are excluded in this operation.',
      'SPW_ERR_STORAGE_FULL',
      true
    ],
    [
      'a DataNode that is gone',
      'IOException',
      'File /a could only be written to 0 of the 1 minReplication nodes. There are 1 datanode(s) running and 1 node(s) are excluded in this operation.',
      'SPW_ERR_STORAGE',
      true
    ],
    [
      'no live DataNode',
      'IOException',
      'Failed to find datanode, suggest to check cluster health.',
      'SPW_ERR_STORAGE',
      true
    ],
    ['T37 a missing right', 'AccessControlException', 'Permission denied: user=bob', 'SPW_ERR_STORAGE', false],
    [
      'T37 a token that is not valid',
      'SecurityException',
      'Failed to obtain user group information',
      'SPW_ERR_STORAGE',
      false
    ],
    ['a NameNode that the DataNode has lost', 'EOFException', 'End of File Exception', 'SPW_ERR_STORAGE', true],
    ['a bad name', 'IllegalArgumentException', 'Invalid value', 'SPW_ERR_STORAGE', false]
  ]
  for (const [name, exception, message, code, retryable] of refusals) {
    it(`tells ${name} by the exception, not the status`, async () => {
      rig.fake.harm = ({ op }) => (op === 'CREATE data' ? remote(exception, message) : undefined)
      const error = await failure(rig.storage().append(failedDeliveries(1)))
      expect([error.code, error.retryable]).to.deep.equal([code, retryable])
      expect(error.message).to.not.include('\n')
    })
  }

  const strangers: Array<
    [string, { status: number; headers?: Record<string, string>; body: string }, string, boolean]
  > = [
    [
      'the RPC port of a NameNode',
      {
        status: 404,
        body: 'It looks like you are making an HTTP request to a Hadoop IPC port. This is not the correct port'
      },
      'is the RPC port of a NameNode. Expected its HTTP port',
      false
    ],
    [
      'a server of something else',
      { status: 404, body: '<html>' },
      'answered 404 and is no WebHDFS. Expected the HTTP port',
      false
    ],
    ['a page of something else', { status: 200, body: '<html>' }, 'is no WebHDFS', false],
    [
      'one that asks for Kerberos',
      { status: 401, headers: { 'www-authenticate': 'Negotiate' }, body: '' },
      'it answered 401 and asks for Negotiate: give a delegation token as token',
      false
    ],
    [
      'one that asks for a name',
      { status: 401, headers: { 'www-authenticate': 'PseudoAuth' }, body: '<html>' },
      'it answered 401 and asks for PseudoAuth: give a name as user',
      false
    ],
    ['one that is out of order', { status: 502, body: '<html>' }, 'it answered 502', true]
  ]
  for (const [name, answer, message, retryable] of strangers) {
    it(`says what a namenode is that is ${name}`, async () => {
      rig.fake.harm = () => answer
      const error = await failure(rig.storage().open())
      expect(error.message).to.include(message).and.include(rig.fake.address)
      expect(error.retryable).to.equal(retryable)
    })
  }

  it('ends a listing that a server begins anew again and again, or of which it gives nothing more', async () => {
    const storage = rig.storage()
    for (let i = 0; i < 3; i++) await storage.append(failedDeliveries(1))
    const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
    const [first = ''] = rig.fake.files('/failover/record/2').map(nameOf)
    const page = (names: string[]): string => {
      const FileStatus = names.map(pathSuffix => ({ pathSuffix, type: 'FILE', length: 1, modificationTime: 1 }))
      return JSON.stringify({
        DirectoryListing: { partialListing: { FileStatuses: { FileStatus } }, remainingEntries: 7 }
      })
    }
    rig.fake.harm = ({ op, path }) =>
      op === 'LISTSTATUS_BATCH' && /\d$/.test(path) ? { status: 200, body: page([first]) } : undefined
    const error = await failure(entriesIn(storage))
    expect(error.message).to.match(/^Cannot list .*: .* gives names that it was asked to leave out/)
    let asked = 0
    rig.fake.harm = ({ op, path }) =>
      op === 'LISTSTATUS_BATCH' && /\d$/.test(path) && asked++ > 0 ? { status: 200, body: page([]) } : undefined
    rig.fake.pageSize = 1
    expect(await entriesIn(storage)).to.have.length(1)
  })

  it('T33 says soon that nobody answers, and works when somebody does', async () => {
    const [port] = (await freePorts(1)) as [number]
    const storage = rig.storage({ namenode: `http://127.0.0.1:${port}` })
    const start = performance.now()
    const error = await failure(storage.append(failedDeliveries(1)))
    expect(error.message).to.match(/cannot be reached: ECONNREFUSED/)
    expect(error.retryable).to.equal(true)
    expect(performance.now() - start).to.be.below(2_000)
    await rig.fake.close()
    rig.fake = await new FakeWebHdfs().listen(port)
    await storage.append(failedDeliveries(1))
    expect(await entriesIn(storage)).to.have.length(1)
  })

  it('follows redirects by 307 too', async () => {
    rig.fake.knowsNoRedirect = false
    const storage = rig.storage()
    await storage.append(failedDeliveries(2))
    expect(await entriesIn(storage)).to.have.length(2)
  })

  it('takes what is to be read from a server that gives it at once', async () => {
    rig.fake.redirectsReading = false
    const storage = rig.storage()
    await storage.append(failedDeliveries(2))
    expect(await entriesIn(storage)).to.have.length(2)
    expect(rig.fake.steps.filter(({ op }) => op === 'OPEN')).to.have.length(1)
    expect(rig.fake.steps.some(({ op }) => op === 'OPEN data')).to.equal(false)
  })

  it('rejects whatever comes after it was closed', async () => {
    const storage = rig.storage()
    await storage.append(failedDeliveries(1))
    await storage.close()
    const error = await failure(storage.append(failedDeliveries(1)))
    expect(error.message).to.equal('The storage hdfs /failover/record was closed.')
    expect((await failure(entriesIn(storage))).retryable).to.equal(false)
  })
})
