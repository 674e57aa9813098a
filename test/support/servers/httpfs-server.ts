import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from './free-ports.ts'
import { configurationOf, hdfs, type HdfsServer, superuser } from './hdfs-server.ts'
import { jarsOf } from './jars.ts'
import { javaFlags } from './java-flags.ts'
import { ServerProcess } from './server-process.ts'
import { type OwnServer, ownServer, type Service, type Use } from './service.ts'

/** An HttpFS. It has no data of its own, and may be killed and started again alone. */
export interface HttpFsServer extends OwnServer {
  /** What it stands in front of: the HDFS that other tests use too. */
  readonly behind: HdfsServer
}

const version = '3.4.2'
const artifacts = [
  { coordinates: `org.apache.hadoop:hadoop-hdfs-httpfs:${version}` },
  // It needs this one, and does not say so.
  { coordinates: `org.apache.hadoop:hadoop-hdfs-client:${version}` }
]
const main = 'org.apache.hadoop.fs.http.server.HttpFSServerWebServer'
const opened = ['--add-opens', 'java.base/java.lang=ALL-UNNAMED']

async function launch(use: Use): Promise<HttpFsServer> {
  const lib = await jarsOf(`httpfs-${version}`, artifacts)
  const behind = (await ownServer(hdfs, use)) as HdfsServer
  const [port] = (await freePorts(1)) as [number]
  const folder = await mkdtemp(join(tmpdir(), 'spillway-httpfs-'))
  for (const name of ['conf', 'log', 'temp']) await mkdir(join(folder, name))
  for (const [name, properties] of Object.entries(configurations(folder, port, behind.rpcAddress))) {
    await writeFile(join(folder, 'conf', `${name}-site.xml`), configurationOf(properties))
  }
  await writeFile(join(folder, 'conf', 'httpfs-log4j.properties'), logging)
  const folders = { home: '', config: 'conf', log: 'log', temp: 'temp' }
  const places = Object.entries(folders).map(([name, at]) => `-Dhttpfs.${name}.dir=${join(folder, at)}`)
  const address = `127.0.0.1:${port}`
  const server = new ServerProcess({
    name: 'HttpFS',
    file: 'java',
    args: [...javaFlags, '-Xmx256m', ...opened, ...places, '-cp', `${folder}/conf:${lib}/*`, main],
    env: superuser,
    log: join(folder, 'httpfs.log'),
    ready: async () => (await fetch(`http://${address}/webhdfs/v1/?op=GETFILESTATUS&user.name=hdfs`)).ok
  })
  await server.start()
  return {
    address,
    behind,
    start: () => server.start(),
    stop: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume()
  }
}

/** An HttpFS in front of an HDFS. */
export const httpFs: Service = { name: 'HttpFS', variable: 'SPILLWAY_TEST_HTTPFS', standardPort: 14_000, launch }

/** For `onServer`, where a test does harm to it. */
export const ownHttpFs = async (service: Service): Promise<HttpFsServer> => (await ownServer(service)) as HttpFsServer

const configurations = (folder: string, port: number, rpcAddress: string) => ({
  core: { 'fs.defaultFS': `hdfs://${rpcAddress}`, 'hadoop.tmp.dir': join(folder, 'temp') },
  // It is a client of the HDFS, whose configuration has the same.
  hdfs: { 'dfs.replication': 1, 'dfs.client.block.write.locateFollowingBlock.initial.delay.ms': 20 },
  httpfs: {
    'httpfs.http.hostname': '127.0.0.1',
    'httpfs.http.port': port,
    'httpfs.hadoop.config.dir': join(folder, 'conf')
  }
})

const logging = `log4j.rootLogger=WARN,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d %p %c{1}: %m%n
`
