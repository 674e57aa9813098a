import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePorts } from './free-ports.ts'
import { jarsOf } from './jars.ts'
import { javaFlags } from './java-flags.ts'
import { ServerProcess } from './server-process.ts'
import { type OwnServer, ownServer, type Service, type Use } from './service.ts'

const main = 'org.apache.hadoop.hdfs.'

/** A NameNode and a DataNode. Both are killed and started again together, or one alone. */
export class HdfsServer implements OwnServer {
  /** `host:port` of the NameNode's HTTP. */
  readonly address: string
  /** `host:port` of the NameNode's RPC, which speaks no WebHDFS. */
  readonly rpcAddress: string
  /** `host:port` of the DataNode's HTTP, to which the NameNode redirects. */
  readonly dataAddress: string
  readonly nameNode: ServerProcess
  readonly dataNode: ServerProcess
  readonly #folder: string
  readonly #java: (args: readonly string[]) => readonly string[]

  constructor(folder: string, lib: string, [http, rpc, data]: readonly number[]) {
    this.#folder = folder
    this.address = `127.0.0.1:${http}`
    this.rpcAddress = `127.0.0.1:${rpc}`
    this.dataAddress = `127.0.0.1:${data}`
    this.#java = args => [...javaFlags, '-Xmx512m', '-cp', `${join(folder, 'conf')}:${join(lib, '*')}`, ...args]
    const process = (name: string, className: string, ready: () => Promise<boolean>): ServerProcess =>
      new ServerProcess({
        name,
        file: 'java',
        args: this.#java([main + className]),
        env: superuser,
        log: join(folder, `${name}.log`),
        ready
      })
    this.nameNode = process('NameNode', 'server.namenode.NameNode', async () => (await this.#state()) !== undefined)
    this.dataNode = process('DataNode', 'server.datanode.DataNode', async () => isReady(await this.#state()))
  }

  async start(): Promise<void> {
    await this.nameNode.start()
    await this.dataNode.start()
  }

  async stop(): Promise<void> {
    await Promise.all([this.nameNode.stop(), this.dataNode.stop()])
    await rm(this.#folder, { recursive: true, force: true })
  }

  async kill(): Promise<void> {
    await Promise.all([this.nameNode.kill(), this.dataNode.kill()])
  }

  pause(): void {
    this.nameNode.pause()
    this.dataNode.pause()
  }

  resume(): void {
    this.nameNode.resume()
    this.dataNode.resume()
  }

  /** What an administrator says: `admin('-safemode', 'enter')`. */
  async admin(...args: string[]): Promise<void> {
    const command = this.#java([`${main}tools.DFSAdmin`, ...args])
    await promisify(execFile)('java', command, { env: { ...process.env, ...superuser } })
  }

  async format(): Promise<void> {
    const command = this.#java([`${main}server.namenode.NameNode`, '-format', '-nonInteractive'])
    await promisify(execFile)('java', command, { env: { ...process.env, ...superuser }, maxBuffer: 2 ** 24 })
  }

  async #state(): Promise<State | undefined> {
    const query = 'qry=Hadoop:service=NameNode,name=FSNamesystemState'
    const answer = await fetch(`http://${this.address}/jmx?${query}`, { signal: AbortSignal.timeout(2_000) })
    const { beans } = (await answer.json()) as { beans: State[] }
    return beans[0]
  }
}

interface State {
  readonly NumLiveDataNodes: number
  readonly FSState: string
}

export const superuser = { HADOOP_USER_NAME: 'hdfs' }

const isReady = (state: State | undefined): boolean => state?.NumLiveDataNodes === 1 && state.FSState === 'Operational'

async function launch(use: Use): Promise<HdfsServer> {
  const lib = await jarsOf('hdfs-3.4.2', [
    { coordinates: 'org.apache.hadoop:hadoop-client-minicluster:3.4.2', without: ['junit:junit'] },
    // Without it WebHDFS answers 500, and from then on 404.
    { coordinates: 'javax.xml.bind:jaxb-api:2.3.1' },
    { coordinates: 'org.slf4j:slf4j-simple:1.7.36' }
  ])
  const folder = await mkdtemp(join(tmpdir(), 'spillway-hdfs-'))
  const ports = await freePorts(5)
  await mkdir(join(folder, 'conf'))
  for (const file of ['core-site.xml', 'hdfs-site.xml']) {
    await writeFile(join(folder, 'conf', file), configuration(folder, ports, use))
  }
  const server = new HdfsServer(folder, lib, ports)
  await server.format()
  await server.start()
  return server
}

/** A NameNode with a DataNode. */
export const hdfs: Service = { name: 'HDFS', variable: 'SPILLWAY_TEST_HDFS', standardPort: 9870, launch }

/** For `onServer`, where a test does harm to it. */
export const ownHdfs = async (service: Service): Promise<HdfsServer> => (await ownServer(service)) as HdfsServer

function configuration(folder: string, [http, rpc, dataHttp, data, dataIpc]: readonly number[], use: Use): string {
  const properties = {
    // So few names in a page that every test turns pages.
    ...(use === 'tests' ? { 'dfs.ls.limit': 10 } : {}),
    'fs.defaultFS': `hdfs://127.0.0.1:${rpc}`,
    'hadoop.tmp.dir': join(folder, 'data'),
    'dfs.namenode.http-address': `127.0.0.1:${http}`,
    'dfs.datanode.address': `127.0.0.1:${data}`,
    'dfs.datanode.http.address': `127.0.0.1:${dataHttp}`,
    'dfs.datanode.ipc.address': `127.0.0.1:${dataIpc}`,
    'dfs.datanode.hostname': '127.0.0.1',
    'dfs.replication': 1,
    // An HttpFS in front of it says for whom it asks.
    'hadoop.proxyuser.hdfs.hosts': '*',
    'hadoop.proxyuser.hdfs.groups': '*',
    'dfs.namenode.safemode.extension': 0,
    // A DataNode that was killed is known as dead after some seconds, not after ten minutes.
    'dfs.heartbeat.interval': 1,
    'dfs.namenode.heartbeat.recheck-interval': 1_000,
    // A file that is closed before its block was reported is asked for again after so long, which is 400 ms by default.
    'dfs.client.block.write.locateFollowingBlock.initial.delay.ms': 20,
    // The data of a block are found again as soon as the DataNode is back.
    'dfs.blockreport.initialDelay': 0
  }
  return configurationOf(properties)
}

/** A configuration file of Hadoop. */
export function configurationOf(properties: Readonly<Record<string, string | number>>): string {
  const entries = Object.entries(properties).map(
    ([name, value]) => `<property><name>${name}</name><value>${value}</value></property>`
  )
  return `<configuration>\n${entries.join('\n')}\n</configuration>\n`
}
