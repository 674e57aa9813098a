import type * as kafkajs from 'kafkajs'
import { Sockets } from './sockets.ts'
import { loadDriver } from '../remote/driver.ts'

/** How the brokers want to know who we are. */
export interface KafkaSasl {
  mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  username: string
  password: string
}

/** What Node's `tls.connect` needs beside the address: texts in PEM. */
export interface KafkaTls {
  /** Whom to trust instead of the usual authorities. */
  ca?: string
  /** Our own certificate. */
  cert?: string
  key?: string
  passphrase?: string
  /** The name that the brokers' certificate must have, when it is not the host's. */
  serverName?: string
  /** `false` trusts everybody. @default true */
  verify?: boolean
}

export interface ClientOptions {
  readonly 'bootstrap.servers': string | readonly string[]
  readonly timeout: number
  readonly sasl?: KafkaSasl
  readonly tls?: boolean | KafkaTls
}

type Driver = typeof kafkajs

/** kafkajs, and what connects by it. */
export interface KafkaClient {
  readonly driver: Driver
  readonly kafka: kafkajs.Kafka
  /** Ends what is still connected, after all that was connected by it was ended in its own way. */
  close(): void
}

/** Loads kafkajs. Nothing is connected yet. The client says nothing on the console, and gives up within `timeout`. */
export async function clientOf(options: ClientOptions): Promise<KafkaClient> {
  const driver = await loadDriver('kafka', 'kafkajs', loadKafka)
  const { timeout, sasl, tls } = options
  const sockets = new Sockets()
  const config: kafkajs.KafkaConfig = {
    clientId: 'spillway',
    brokers: brokersOf(options['bootstrap.servers']),
    connectionTimeout: Math.min(timeout, 5_000),
    authenticationTimeout: timeout,
    requestTimeout: timeout,
    // Its own tries are few: who calls us tries again, and would wait in vain for what it does meanwhile.
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 3 },
    socketFactory: sockets.connect,
    logCreator: () => () => undefined,
    ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
    ...(tls === undefined || tls === false ? {} : { ssl: tls === true ? true : sslOf(tls) })
  }
  return { driver, kafka: new driver.Kafka(config), close: () => sockets.destroy() }
}

// As a CommonJS package it is the default export.
const loadKafka = async (): Promise<Driver> => ((await import('kafkajs')) as unknown as { default: Driver }).default

/** `host:port` of each, from a list or a text with commas. */
export function brokersOf(servers: string | readonly string[]): string[] {
  const all = typeof servers === 'string' ? servers.split(',') : servers
  return all.map(server => server.trim()).filter(server => server !== '')
}

const saslOf = ({ mechanism, username, password }: KafkaSasl): kafkajs.SASLOptions =>
  ({ mechanism: mechanism.toLowerCase(), username, password }) as kafkajs.SASLOptions

/** What Node's `tls.connect` understands. */
export function sslOf({ serverName, verify, ...rest }: KafkaTls): NonNullable<kafkajs.KafkaConfig['ssl']> {
  return {
    ...rest,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(verify === undefined ? {} : { rejectUnauthorized: verify })
  }
}
