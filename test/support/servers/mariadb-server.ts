import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { selfSigned } from '../certificate.ts'
import { findProgram } from './find-program.ts'
import { freePorts } from './free-ports.ts'
import { ServerProcess } from './server-process.ts'
import type { OwnSqlServer } from './postgres-server.ts'
import type { Service } from './service.ts'

/** A user `root` without a password, and a database `test`. */
export const mariadb: Service = {
  name: 'MariaDB',
  variable: 'SPILLWAY_TEST_MYSQL',
  standardPort: 3306,
  launch: () => launchMariadb()
}

/** Another one, with options of `mariadbd` of its own. */
export async function launchMariadb(options: readonly string[] = []): Promise<OwnSqlServer> {
  const file = findProgram('mariadbd', ['/usr/sbin', '/usr/libexec', '/usr/local/sbin'])
  const install = findProgram('mariadb-install-db', ['/usr/bin', '/usr/local/bin'])
  const folder = await mkdtemp(join(tmpdir(), 'spillway-mariadb-'))
  const [port] = await freePorts(1)
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  const common = ['--no-defaults', `--datadir=${folder}/data`, ...user, ...options]
  const init = `${folder}/init.sql`
  await promisify(execFile)(install, [...common, '--auth-root-authentication-method=normal', '--skip-test-db'])
  await writeFile(
    init,
    "create database if not exists test;\ncreate user if not exists root@'127.0.0.1';\ngrant all on *.* to root@'127.0.0.1' with grant option;\n"
  )
  const { cert, key } = selfSigned()
  await writeFile(`${folder}/server.crt`, cert)
  await writeFile(`${folder}/server.key`, key, { mode: 0o600 })
  const server = new ServerProcess({
    name: 'MariaDB',
    file,
    args: [
      ...common,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${folder}/s`,
      `--pid-file=${folder}/pid`,
      `--init-file=${init}`,
      `--ssl-ca=${folder}/server.crt`,
      `--ssl-cert=${folder}/server.crt`,
      `--ssl-key=${folder}/server.key`
    ],
    log: `${folder}/log`,
    ready: () => answers(port!)
  })
  await server.start()
  return {
    address: `127.0.0.1:${port}`,
    certificate: `${folder}/server.crt`,
    key: `${folder}/server.key`,
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

async function answers(port: number): Promise<boolean> {
  const connection = await createConnection({
    host: '127.0.0.1',
    port,
    user: 'root',
    database: 'test',
    connectTimeout: 1_000
  })
  await connection.end()
  return true
}
