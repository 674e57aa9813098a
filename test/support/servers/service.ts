import { once } from 'node:events'
import { connect } from 'node:net'

/** A server that was started for the tests: it may be killed, paused and started again, and keeps its address and its data. */
export interface OwnServer {
  /** `host:port` of what clients connect to. */
  readonly address: string
  start(): Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
  pause(): void
  resume(): void
}

/** What a server is started for: tests, for which it has limits that they reach, or work, as it is installed. */
export type Use = 'tests' | 'work'

/** A kind of server that storages need. */
export interface Service {
  readonly name: string
  /** The environment variable with the `host:port` of one that runs already. */
  readonly variable: string
  readonly standardPort: number
  /** Starts one on loopback, on free ports, in a folder of its own. Rejects when this machine has not what it needs. */
  launch(use: Use): Promise<OwnServer>
}

const launched = new Map<Service, Promise<OwnServer>>()

/**
 * A server for tests that only use it: the one that the variable names, else one on the standard port, else one that is
 * started here, once for all tests.
 */
export async function addressOf(service: Service, use: Use = 'tests'): Promise<string> {
  const named = process.env[service.variable]
  if (named !== undefined && named !== '') return named
  const standard = `127.0.0.1:${service.standardPort}`
  if (!launched.has(service) && (await answers(service.standardPort))) return standard
  return (await ownServer(service, use)).address
}

/** A server for tests that kill it: always one of our own, the same for all tests. */
export function ownServer(service: Service, use: Use = 'tests'): Promise<OwnServer> {
  const server = launched.get(service) ?? service.launch(use)
  launched.set(service, server)
  return server
}

/** Stops all that were started. */
export async function stopServers(): Promise<void> {
  const servers = [...launched.values()]
  launched.clear()
  await Promise.allSettled(servers.map(async server => (await server).stop()))
}

/**
 * The tests of `suite` on a real server, whose address or handle `find` gives: `addressOf` or `ownServer`. Where there is none
 * they are skipped, and say so; with `CI=true` that is a failure.
 */
export function onServer<T>(
  service: Service,
  find: (service: Service) => Promise<T>,
  suite: (server: () => T) => void
): void {
  describe(`on ${service.name}`, () => {
    let found: T

    before(async function () {
      this.timeout(180_000)
      try {
        found = await find(service)
      } catch (error) {
        if (process.env.CI === 'true') throw error
        const [reason] = (error as Error).message.split('\n')
        console.log(
          `      skipped: no ${service.name} (set ${service.variable} to host:port, or see npm run servers): ${reason}`
        )
        this.skip()
      }
    })

    suite(() => found)
  })
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(1_000) })
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
