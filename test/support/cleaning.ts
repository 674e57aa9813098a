import { type FaultServer, type FaultServerOptions, faultServer } from './fault-server.ts'

/** Does `clean` with all that was given to the function that it gives, after each test, one that failed too. */
export function cleaning<T>(clean: (used: T) => unknown): <U extends T>(used: U) => U {
  const all: T[] = []
  afterEach(() => Promise.all(all.splice(0).map(clean)))
  return used => {
    all.push(used)
    return used
  }
}

/** Destroys the streams after the test. */
export const destroying = (): (<S extends { destroy(): unknown }>(stream: S) => S) =>
  cleaning((stream: { destroy(): unknown }) => void stream.destroy())

/** `faultServer`, with servers that are closed after the test. */
export function servers(): (options?: Parameters<typeof faultServer>[0]) => Promise<FaultServer> {
  const closed = cleaning((server: FaultServer) => server.close())
  return async (options: FaultServerOptions | Parameters<typeof faultServer>[0] = {}) =>
    closed(await faultServer(options))
}
