import { chmod, open } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'

/**
 * A socket in the folder. As long as its process lives it can be connected to, from every container of the machine, and when
 * the process dies the kernel sees to it that it cannot: no number, clock or heartbeat tells this as surely.
 */
export class Doorbell {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** `undefined` where the file system has no sockets. */
  static async hang(folder: string, name: string): Promise<Doorbell | undefined> {
    try {
      const server = await withShortPath(folder, name, listening)
      await chmod(join(folder, name), 0o600)
      return new Doorbell(server)
    } catch {
      return undefined
    }
  }

  /** Who answers: somebody, nobody any more, or there is no bell; `undefined` when there is no telling. */
  static async ring(folder: string, name: string): Promise<'voice' | 'silence' | 'no bell' | undefined> {
    const code = await withShortPath(folder, name, connected).catch(() => 'unknown')
    if (code === undefined || code === 'EAGAIN') return 'voice'
    if (code === 'ECONNREFUSED') return 'silence'
    return code === 'ENOENT' ? 'no bell' : undefined
  }

  async takeDown(): Promise<void> {
    await new Promise<void>(resolve => this.#server.close(() => resolve()))
  }
}

function listening(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(socket => socket.destroy())
    server.once('error', reject)
    server.listen(path, () => {
      server.unref()
      resolve(server)
    })
  })
}

/** The code of what went wrong, if anything did. */
function connected(path: string): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
  })
}

// The path of a socket may have 107 bytes; that of a folder has no such limit.
const longestPath = 100

async function withShortPath<T>(folder: string, name: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = join(folder, name)
  if (Buffer.byteLength(path) <= longestPath) return use(path)
  const handle = await open(folder)
  try {
    return await use(`/proc/self/fd/${handle.fd}/${name}`)
  } finally {
    await handle.close()
  }
}
