import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePorts } from './free-ports.ts'
import { jarsOf } from './jars.ts'
import { javaFlags } from './java-flags.ts'
import { ServerProcess } from './server-process.ts'
import type { OwnServer, Service } from './service.ts'

/** How a broker differs from the usual one. */
export interface BrokerSetup {
  /** The port to listen on. @default a free one */
  readonly port?: number
  /** The port that the broker tells its clients, for a proxy between. */
  readonly advertisedPort?: number
  /** Properties beside, or instead of, the usual ones. */
  readonly properties?: Readonly<Record<string, string>>
  /** Further listeners, by their protocol: their own properties. */
  readonly listeners?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** A broker of our own. */
export interface OwnBroker extends OwnServer {
  /** `host:port` of its further listeners, by their protocol. */
  readonly listeners: Readonly<Record<string, string>>
}

const logger = 'org.slf4j:slf4j-simple:1.7.36'

export const kafka: Service = {
  name: 'Kafka',
  variable: 'SPILLWAY_TEST_KAFKA',
  standardPort: 9092,
  launch: () => launchKafka()
}

/** The last release of the line before 4. */
export const kafka3: Service = {
  name: 'Kafka 3.9',
  variable: 'SPILLWAY_TEST_KAFKA3',
  standardPort: 9392,
  launch: () => launchKafka({}, '3.9.1')
}

/** A broker of its own, controller included, in a temporary folder. */
export async function launchKafka(setup: BrokerSetup = {}, version = '4.4.0'): Promise<OwnBroker> {
  const lib = await jarsOf(`kafka-${version}`, [
    { coordinates: `org.apache.kafka:kafka_2.13:${version}` },
    { coordinates: logger }
  ])
  const folder = await mkdtemp(join(tmpdir(), 'spillway-kafka-'))
  const protocols = Object.keys(setup.listeners ?? {})
  const [free, controllerPort, ...others] = (await freePorts(2 + protocols.length)) as [number, number, ...number[]]
  const { port = free } = setup
  const listeners = Object.fromEntries(protocols.map((protocol, i) => [protocol, `127.0.0.1:${others[i]}`]))
  const properties = join(folder, 'server.properties')
  await writeFile(properties, propertiesOf(folder, port, controllerPort, setup, listeners))
  const java = [...javaFlags, '-Xmx512m', '-cp', `${lib}/*`]
  const id = `--cluster-id=${randomBytes(16).toString('base64url')}`
  await promisify(execFile)('java', [...java, 'kafka.tools.StorageTool', 'format', id, '-c', properties])
  const server = new ServerProcess({
    name: `Kafka ${version}`,
    file: 'java',
    args: [...java, 'kafka.Kafka', properties],
    log: join(folder, 'kafka.log'),
    ready: () => accepts(port),
    grace: 10_000
  })
  await server.start()
  return {
    address: `127.0.0.1:${setup.advertisedPort ?? port}`,
    listeners,
    start: () => server.start(),
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

function propertiesOf(
  folder: string,
  port: number,
  controllerPort: number,
  { advertisedPort = port, properties = {}, listeners = {} }: BrokerSetup,
  addresses: Readonly<Record<string, string>>
): string {
  const further = Object.entries(addresses).map(([protocol, address]) => `${protocol}://${address}`)
  const all: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: [`PLAINTEXT://127.0.0.1:${port}`, `CONTROLLER://127.0.0.1:${controllerPort}`, ...further].join(),
    'advertised.listeners': [`PLAINTEXT://127.0.0.1:${advertisedPort}`, ...further].join(),
    'listener.security.protocol.map': ['CONTROLLER', 'PLAINTEXT', ...Object.keys(listeners)]
      .map(name => `${name}:${name === 'CONTROLLER' ? 'PLAINTEXT' : name}`)
      .join(),
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(folder, 'data'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    ...properties
  }
  for (const own of Object.values(listeners)) Object.assign(all, own)
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return true
  } finally {
    socket.destroy()
  }
}
