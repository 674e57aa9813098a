import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import type { Report } from '../../../lib/cli/report.ts'
import { compiledCommand } from '../../support/compiled-command.ts'
import type { MemoryLimit } from './memory-limit.ts'

export const mebibyte = 1024 * 1024
export const inputBytes = 1_000_000_000

/** `spillway run` with a gigabyte on its standard input. */
export class LimitedCommand {
  readonly process: ChildProcessByStdio<Writable, Readable, null>
  readonly folder: string
  readonly ended: Promise<unknown>
  /** Bytes that it took so far. */
  given = 0
  #output = ''

  constructor(limit: MemoryLimit | undefined, folder: string, port: number) {
    mkdirSync(folder)
    this.folder = folder
    writeFileSync(
      join(folder, 'c.yaml'),
      `http: { url: "http://127.0.0.1:${port}/" }\nfailover: { path: ./failover }\njournal: { path: ./journal }\n`
    )
    const flags = ['--input', '-', '--quiet', '--drain-timeout', '200ms']
    const command = [process.execPath, compiledCommand(), 'run', 'c.yaml', ...flags]
    const [file, ...args] = limit?.around(command) ?? command
    this.process = spawn(file!, args, { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] })
    this.process.stdin.on('error', () => {})
    this.process.stdout.on('data', (text: Buffer) => (this.#output += text.toString()))
    this.ended = once(this.process, 'close')
    const line = Buffer.from(`${JSON.stringify({ text: 'x'.repeat(9_989) })}\n`)
    this.#feed(line)
  }

  /** Resolves when nothing more is taken for so many milliseconds. */
  async standsStill(milliseconds: number): Promise<void> {
    for (let before = -1; before !== this.given || this.given < mebibyte;) {
      before = this.given
      await pause(milliseconds)
      if (this.process.exitCode !== null || this.process.signalCode !== null) throw new Error('It ended early.')
    }
  }

  /** The most memory that it had, in bytes. */
  peak(): number {
    const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8')
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024
  }

  async end(): Promise<{ code: number | null; signal: string | null; stats: Report }> {
    await this.ended
    const stats = JSON.parse(this.#output) as Report
    return { code: this.process.exitCode, signal: this.process.signalCode, stats }
  }

  #feed(line: Buffer): void {
    while (this.given < inputBytes && this.process.stdin.writable) {
      this.given += line.length
      if (!this.process.stdin.write(line)) return void this.process.stdin.once('drain', () => this.#feed(line))
    }
    this.process.stdin.end()
  }
}
