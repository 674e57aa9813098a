import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { jarsOf } from './jars.ts'
import { javaFlags } from './java-flags.ts'
import { ServerProcess } from './server-process.ts'
import type { OwnServer, Service } from './service.ts'

/** An HBase of our own: master, region server and ZooKeeper in one process, the REST server in another. */
export interface OwnHBase extends OwnServer {
  /** `host:port` of the REST server. It is not killed or paused with the rest: it has no data. */
  readonly restAddress: string
}

const version = '2.6.1'
const accessController = 'org.apache.hadoop.hbase.security.access.AccessController'
// With it the REST server dies at its start: two versions of the servlet classes.
const without = ['javax.servlet:servlet-api']
const artifacts = [
  { coordinates: `org.apache.hbase:hbase-server:${version}`, without },
  { coordinates: `org.apache.hbase:hbase-rest:${version}`, without }
]
const opened = ['--add-opens', 'java.base/java.lang=ALL-UNNAMED']

/** The address is the one of ZooKeeper, which is what clients are configured with. */
export const hbase: Service = {
  name: 'HBase',
  variable: 'SPILLWAY_TEST_HBASE',
  standardPort: 2181,
  launch: launchHBase
}

// Whether the master is ready is known by its log only.
const logging = `log4j.rootLogger=WARN,console
log4j.logger.org.apache.hadoop.hbase.master.HMaster=INFO
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d %p %c{1}: %m%n
`

const restOfOwn = new Map<string, string>()

/** `host:port` of the REST server that belongs to the HBase at `address`. */
export function restAddressOf(address: string): string {
  const named = process.env.SPILLWAY_TEST_HBASE_REST
  return restOfOwn.get(address) ?? (named === undefined || named === '' ? '127.0.0.1:8080' : named)
}

async function launchHBase(): Promise<OwnHBase> {
  const lib = await jarsOf(`hbase-${version}`, artifacts)
  const [zooKeeperPort, masterPort, regionPort, restPort] = (await freePorts(4)) as [number, number, number, number]
  const folder = await mkdtemp(join(tmpdir(), 'spillway-hbase-'))
  await writeFile(`${folder}/hbase-site.xml`, siteOf({ folder, zooKeeperPort, masterPort, regionPort }))
  await writeFile(`${folder}/log4j.properties`, logging)
  const classPath = `${folder}:${lib}/*`
  const java = (memory: string, ...args: string[]) => ({
    file: 'java',
    args: [memory, ...javaFlags, ...opened, '-cp', classPath, ...args],
    cwd: folder
  })
  const masterLog = `${folder}/master.log`
  let logged = 0
  const master = new ServerProcess({
    name: 'HBase',
    ...java('-Xmx512m', 'org.apache.hadoop.hbase.master.HMaster', 'start'),
    log: masterLog,
    ready: async () => (await readFile(masterLog, 'latin1')).includes('Master has completed initialization', logged),
    patience: 120_000,
    grace: 500
  })
  const rest = new ServerProcess({
    name: 'HBase REST',
    ...java('-Xmx256m', 'org.apache.hadoop.hbase.rest.RESTServer', 'start', '-p', String(restPort)),
    log: `${folder}/rest.log`,
    ready: async () => (await fetch(`http://127.0.0.1:${restPort}/version`)).ok,
    patience: 60_000,
    grace: 500
  })
  const address = `127.0.0.1:${zooKeeperPort}`
  restOfOwn.set(address, `127.0.0.1:${restPort}`)
  await Promise.all([master.start(), rest.start()])
  return {
    address,
    restAddress: `127.0.0.1:${restPort}`,
    start: async () => {
      logged = (await readFile(masterLog, 'latin1')).length
      await master.start()
    },
    stop: async () => {
      await Promise.all([master.stop(), rest.stop()])
      await rm(folder, { recursive: true, force: true })
    },
    kill: () => master.kill(),
    pause: () => master.pause(),
    resume: () => master.resume()
  }
}

interface Place {
  readonly folder: string
  readonly zooKeeperPort: number
  readonly masterPort: number
  readonly regionPort: number
}

function siteOf({ folder, zooKeeperPort, masterPort, regionPort }: Place): string {
  const properties: Record<string, string | number | boolean> = {
    'hbase.rootdir': `file://${folder}/data`,
    'hbase.tmp.dir': `${folder}/tmp`,
    'hbase.zookeeper.property.dataDir': `${folder}/zookeeper`,
    'hbase.cluster.distributed': false,
    'hbase.unsafe.stream.capability.enforce': false,
    'hbase.zookeeper.quorum': '127.0.0.1',
    'hbase.zookeeper.property.clientPort': zooKeeperPort,
    'hbase.localcluster.assign.random.ports': false,
    'hbase.master.hostname': '127.0.0.1',
    'hbase.regionserver.hostname': '127.0.0.1',
    'hbase.unsafe.regionserver.hostname': '127.0.0.1',
    'hbase.master.ipc.address': '127.0.0.1',
    'hbase.regionserver.ipc.address': '127.0.0.1',
    'hbase.master.port': masterPort,
    'hbase.regionserver.port': regionPort,
    'hbase.master.info.port': -1,
    'hbase.regionserver.info.port': -1,
    // Users are believed who they say they are, and whoever is not this one may do nothing unless he was let.
    'hbase.security.authorization': true,
    'hbase.superuser': userInfo().username,
    'hbase.coprocessor.master.classes': accessController,
    'hbase.coprocessor.region.classes': accessController,
    'hbase.coprocessor.regionserver.classes': accessController,
    'hbase.rest.host': '127.0.0.1',
    'hbase.rest.info.port': -1
  }
  const lines = Object.entries(properties).map(
    ([name, value]) => `<property><name>${name}</name><value>${value}</value></property>`
  )
  return `<?xml version="1.0"?>\n<configuration>\n${lines.join('\n')}\n</configuration>\n`
}
