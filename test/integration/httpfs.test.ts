import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { HdfsStorage } from '../../lib/storage/hdfs-storage.ts'
import { entriesIn, failedDeliveries, idsOf } from '../support/deliveries.ts'
import { insist } from '../support/insist.ts'
import { httpFs, ownHttpFs } from '../support/servers/httpfs-server.ts'
import { addressOf, onServer } from '../support/servers/service.ts'
import { failure } from '../support/storage-failure.ts'
import { HdfsWorkshop } from './hdfs-workshop.ts'

onServer(httpFs, addressOf, address => {
  const shop = new HdfsWorkshop(address)

  /** Files of StreamPark, one line in each. */
  async function put(folder: string, count: number, from: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const name = `${1_704_067_200_000 + from + i}_${randomBytes(16).toString('hex')}`
      const { status } = await shop.call(
        'PUT',
        `${shop.path}/record/${folder}/${name}`,
        'op=CREATE&data=true',
        'POST///http://h\n'
      )
      expect(status).to.equal(201)
    }
  }

  shop.keepsPromises('HdfsStorage by HttpFS')

  it('keeps what is in folders whose names have all that names may have', async () => {
    shop.path += '/a=b+c@d'
    const storage = shop.storage({ table: 't@1+2=3', format: "yyyy'+='MM" })
    await storage.append(failedDeliveries(3))
    await storage.remove((await entriesIn(storage, { claim: true })).slice(0, 1))
    expect(await entriesIn(shop.storage({ table: 't@1+2=3' }))).to.have.length(2)
  })

  it('gives each file once, of folders with more names than are kept in memory', async () => {
    // As many names as fit are shared out among the folders: some 90 for each of 90.
    const folders = Array.from({ length: 90 }, (_, i) => `small/${i}`)
    for (let i = 0; i < folders.length; i += 8)
      await Promise.all(folders.slice(i, i + 8).map(folder => put(folder, 1, 0)))
    await Promise.all([0, 1, 2, 3].map(part => put('large', 50, 1 + part * 50)))
    const entries = await entriesIn(shop.storage())
    expect(new Set(idsOf(entries)).size).to.equal(290)
    expect(entries).to.have.length(290)
    const times = entries.map(({ envelope }) => envelope.acceptedAt)
    expect(times).to.deep.equal([...times].sort((one, other) => one - other))
  }).timeout(40_000)

  it('makes a folder anew that somebody has taken away', async () => {
    const storage = shop.storage()
    await storage.append(failedDeliveries(1))
    await shop.call('DELETE', `${shop.path}/record`, 'op=DELETE&recursive=true')
    await storage.append(failedDeliveries(2))
    expect(await entriesIn(storage)).to.have.length(2)
  })

  it('says whom HttpFS wants to know, and what is missing to whom', async () => {
    const nobody = new HdfsStorage({ namenode: shop.origin, path: shop.path })
    const error = await failure(nobody.open())
    await nobody.close()
    expect(error.message).to.include('it answered 401 and asks for PseudoAuth: give a name as user')
    await shop.storage().append(failedDeliveries(1))
    const denied = await failure(shop.storage({ user: 'mallory' }).append(failedDeliveries(1)))
    expect(denied.message).to.match(/AccessControlException: Permission denied: user=mallory, access=WRITE/)
    for (const { retryable } of [error, denied]) expect(retryable).to.equal(false)
  })
})

onServer(httpFs, ownHttpFs, server => {
  for (const [who, killed] of [
    ['HttpFS', () => server()],
    ['the NameNode behind it', () => server().behind.nameNode]
  ] as const) {
    it(`T33 T36 takes nothing while ${who} is dead, says so in time, and goes on when it is back`, async () => {
      const path = `/spillway-${randomBytes(6).toString('hex')}`
      const namenode = `http://${server().address}`
      const storage = new HdfsStorage({ namenode, user: 'hdfs', path, timeout: 3_000 })
      const deliveries = failedDeliveries(4)
      await storage.append(deliveries.slice(0, 2))
      await killed().kill()
      const error = await failure(storage.append(deliveries.slice(2)))
      expect([error.code, error.retryable]).to.deep.equal(['SPW_ERR_STORAGE', true])
      await killed().start()
      await insist(() => storage.append(deliveries.slice(2)))
      expect(idsOf(await entriesIn(storage))).to.deep.equal(idsOf(deliveries))
      await storage.close()
    }).timeout(60_000)
  }
})
