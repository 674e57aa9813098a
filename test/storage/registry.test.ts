import { expect } from 'chai'
import { createSandbox } from 'sinon'
import { Delivery } from '../../lib/delivery.ts'
import { OptionsError } from '../../lib/errors.ts'
import { storageFrom, storageNames, storageSchema } from '../../lib/storage/registry.ts'
import { answered } from '../support/manual-sender.ts'
import { MemoryStorage } from '../support/memory-storage.ts'

describe('storageFrom', () => {
  const sandbox = createSandbox()
  afterEach(() => sandbox.restore())

  it('gives back a Storage that was made already', () => {
    const storage = new MemoryStorage()
    expect(storageFrom({ storage })).to.equal(storage)
  })

  const wrong: Array<[string, Record<string, unknown>, string]> = [
    [
      'C04 no storage',
      {},
      'must be one of "file", "mysql", "postgres", "kafka", "hbase", "hdfs", "console", "none" or a Storage, got nothing'
    ],
    ['C04 a storage that is null', { storage: null }, 'got null'],
    ['an object that is no Storage', { storage: { append() {} } }, 'or a Storage'],
    ['C03 an unknown name', { storage: 'flie' }, 'got "flie", did you mean "file"?'],
    ['C03 a name that every object has', { storage: 'constructor' }, 'got "constructor"'],
    [
      'options beside a Storage',
      { storage: new MemoryStorage(), path: 'x' },
      'failover/path is not an option beside a Storage'
    ],
    ['options that none has', { storage: 'none', path: 'x' }, 'failover has no option "path"'],
    ['options that console has not', { storage: 'console', path: 'x' }, 'failover has no option "path"']
  ]
  for (const [name, options, message] of wrong) {
    it(`refuses ${name}`, () => {
      expect(() => storageFrom(options)).to.throw(OptionsError, message)
    })
  }

  it('has a schema for every name', () => {
    for (const name of storageNames) expect(storageSchema(name).type, name).to.equal('object')
  })

  it('prints what fails on standard error with console, and keeps nothing', async () => {
    const written: string[] = []
    const storage = storageFrom({ storage: 'console' })
    const write = sandbox.stub(process.stderr, 'write').callsFake(text => written.push(String(text)) > 0)
    await storage.append([new Delivery(['{"a":1}'], { id: 'x' }).failed(answered(503))])
    write.restore()
    expect(JSON.parse(written.join(''))).to.deep.include({ id: 'x', records: ['{"a":1}'], outcome: 'exhausted' })
    expect(storage.durable).to.equal(false)
    for await (const entry of storage.read()) expect.fail(`It kept ${entry.id}.`)
  })

  it('drops what fails with none', async () => {
    const storage = storageFrom({ storage: 'none' })
    await storage.open()
    await storage.append([new Delivery(['1'])])
    expect(storage.durable).to.equal(false)
    for await (const entry of storage.read()) expect.fail(`It kept ${entry.id}.`)
    await storage.remove([])
    await storage.close()
  })
})
