import { expect } from 'chai'
import { TestEndpoint } from '../../lib/cli/test-endpoint.ts'
import { CommandFolder, reportIn } from '../cli/command.ts'
import { freePorts } from '../support/servers/free-ports.ts'
import { addressIn } from '../support/servers/hbase-admin.ts'
import { hbase, restAddressOf } from '../support/servers/hbase-server.ts'
import { tablesOf } from '../support/servers/hbase-tables.ts'
import { addressOf, onServer } from '../support/servers/service.ts'

onServer(hbase, addressOf, server => {
  const tables = tablesOf(server)
  let folder: CommandFolder
  let endpoint: TestEndpoint

  beforeEach(async () => {
    folder = await CommandFolder.make()
    const [port] = (await freePorts(1)) as [number]
    endpoint = new TestEndpoint({ port, latency: 0, fail: 1, status: 503 })
  })
  afterEach(async () => {
    await endpoint.close()
    await folder.remove()
  })

  /** The page of StreamPark, with our addresses. */
  const configuration = (table: string): string => `numWriters: 3
queueCapacity: 10000
timeout: 5000
retries: 0
successCode: 200
table: test.${table}
storage: hbase
jdbcUrl: jdbc:mysql://localhost:3306/test
username: root
password: 123456
topic: bigdata
bootstrap.servers: localhost:9091,localhost:9092,localhost:9093
zookeeper.quorum: ${addressIn(server()).host} ${addressIn(server()).port}
namenode: hdfs://localhost:8020
user: benjobs
path: /http/failover
format: yyyy-MM-dd
`

  it('runs a configuration of StreamPark as it stands, and brings back by replay what failed', async () => {
    const table = tables.named()
    const url = await endpoint.start()
    await folder.write('c.yaml', configuration(table))
    const input = Array.from({ length: 20 }, (_, i) => `${url}?userId=${i}&siteId=${i % 3}\n`).join('')
    const failed = await folder.run(['run', 'c.yaml', '--input', '-', '--format', 'lines'], {}, input)
    expect(failed.code, failed.stderr).to.equal(3)
    expect(reportIn(failed)).to.include({ accepted: 20, stored: 20 })
    expect((await tables.admin().rows(table)).filter(({ key }) => key[0] === 0x7f)).to.have.length(20)

    const check = await folder.run(['check', 'c.yaml'])
    expect(check.code, check.stderr).to.equal(0)
    expect(check.stdout).to.include('hbase {"entries":20,"foreign":0}')
    const listed = await folder.run(['ls', 'c.yaml'])
    expect(listed.stdout.trim().split('\n').length, listed.stderr).to.be.at.least(20)

    await endpoint.close()
    endpoint = new TestEndpoint({ port: Number(new URL(url).port), latency: 0, fail: 0, status: 503 })
    await endpoint.start()
    const again = await folder.run(['replay', 'c.yaml', '--all'])
    expect(again.code, again.stderr).to.equal(0)
    expect(reportIn(again)).to.include({ delivered: 20 })
    expect(await tables.admin().rows(table)).to.deep.equal([])
  }).timeout(60_000)

  it('runs with an address of a REST server', async () => {
    const table = tables.named()
    const url = await endpoint.start()
    const rest = `http://${restAddressOf(server())}`
    await folder.write(
      'c.yaml',
      `http: { url: "${url}" }\nretry: { retries: 0 }\nfailover: { storage: hbase, table: ${table}, rest.url: "${rest}" }\n`
    )
    const failed = await folder.run(['run', 'c.yaml', '--input', '-'], {}, '{"a":1}\n')
    expect(failed.code, failed.stderr).to.equal(3)
    expect(await tables.admin().rows(table)).to.have.length(1)
  }).timeout(60_000)
})
