import { once } from 'node:events'
import { printLine } from '../standard-streams.ts'
import { TestEndpoint, type TestEndpointOptions } from '../test-endpoint.ts'

/** Runs an endpoint until a signal, then prints what it got. */
export async function endpoint(options: TestEndpointOptions): Promise<number> {
  const server = new TestEndpoint(options)
  await printLine(await server.start())
  await Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map(signal => once(process, signal)))
  await printLine(JSON.stringify(server.report()))
  await server.close()
  return 0
}
