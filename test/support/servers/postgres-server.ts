import { execFile, execFileSync } from 'node:child_process'
import { chown, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { selfSigned } from '../certificate.ts'
import { paused } from '../waiting.ts'
import { findProgram, versionFolders } from './find-program.ts'
import { freePorts } from './free-ports.ts'
import { ServerProcess } from './server-process.ts'
import type { OwnServer, Service } from './service.ts'

/** One that has encrypted connections. */
export interface OwnSqlServer extends OwnServer {
  /** The file with its certificate, of which it takes one as well from the user `spillway test`. */
  readonly certificate: string
  readonly key: string
}

/** A user `postgres` whom it trusts, and a database `test`. */
export const postgresql: Service = {
  name: 'PostgreSQL',
  variable: 'SPILLWAY_TEST_POSTGRES',
  standardPort: 5432,
  launch: launchPostgres
}

const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'ssl=on', 'ssl_ca_file=server.crt']

async function launchPostgres(): Promise<OwnSqlServer> {
  const places = versionFolders('/usr/lib/postgresql', 'bin')
  const [file, initdb] = [findProgram('postgres', places), findProgram('initdb', places)]
  const folder = await mkdtemp(join(tmpdir(), 'spillway-postgres-'))
  const [port] = await freePorts(1)
  const user = userToRunAs()
  if (user.uid !== undefined) await chown(folder, user.uid, user.gid!)
  const data = `${folder}/data`
  await promisify(execFile)(initdb, ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '-N'], {
    ...user,
    cwd: folder
  })
  await secure(folder, data, user)
  const server = new ServerProcess({
    name: 'PostgreSQL',
    file,
    args: ['-D', data, '-p', String(port), ...settings.flatMap(setting => ['-c', setting])],
    cwd: folder,
    ...user,
    log: `${folder}/log`,
    ready: () => answers(port!)
  })
  await server.start()
  await query(port!, 'create database test')
  return {
    address: `127.0.0.1:${port}`,
    certificate: `${folder}/server.crt`,
    key: `${data}/server.key`,
    start: () => startedAgain(server),
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** Encrypted connections for those who want them, a password for the user `guarded`, a certificate for `spillway test`. */
async function secure(folder: string, data: string, { uid, gid }: { uid?: number; gid?: number }): Promise<void> {
  const { cert, key } = selfSigned()
  await writeFile(`${folder}/server.crt`, cert)
  await copyFile(`${folder}/server.crt`, `${data}/server.crt`)
  await writeFile(`${data}/server.key`, key, { mode: 0o600 })
  const rules = await readFile(`${data}/pg_hba.conf`, 'utf8')
  await writeFile(
    `${data}/pg_hba.conf`,
    `host all guarded all scram-sha-256\nhostssl all "spillway test" all cert\nhost all "spillway test" all reject\n${rules}`
  )
  if (uid !== undefined) for (const name of ['server.crt', 'server.key']) await chown(`${data}/${name}`, uid, gid!)
}

/** Who it runs as: it refuses to run as root. */
export function userToRunAs(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const name = ['postgres', 'nobody'].find(isUser)
  const idOf = (flag: string): number => Number(execFileSync('id', [flag, name!], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

function isUser(name: string): boolean {
  try {
    execFileSync('id', ['-u', name], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

// After a kill its processes take a moment to notice, and the next one does not start before.
async function startedAgain(server: ServerProcess): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await server.start()
    } catch (error) {
      if (attempt === 20) throw error
      await paused(250)
    }
  }
}

async function answers(port: number): Promise<boolean> {
  await query(port, 'select 1')
  return true
}

async function query(port: number, text: string): Promise<void> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    connectionTimeoutMillis: 1_000
  })
  client.on('error', () => undefined)
  await client.connect()
  await client.query(text)
  await client.end()
}
