import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that systems give to connections: one of those may be taken in the seconds that a server needs to start, or to
// start again. Each process has a slice of its own, so that two that run side by side do not choose the same.
const first = 20_000
const slice = 200
const slices = 60

let next = 0

/** So many ports of 127.0.0.1 that nobody listens on, and that nobody gets meanwhile. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  for (let tried = 0; ports.length < count; tried++) {
    if (tried === slice) throw new Error(`There are no ${count} ports between ${first} and ${first + slice * slices}.`)
    const port = first + (process.pid % slices) * slice + (next++ % slice)
    if (await isFree(port)) ports.push(port)
  }
  return ports
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
