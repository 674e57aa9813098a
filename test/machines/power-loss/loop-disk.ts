import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

const megabytes = 64

// EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH, of Linux' fs/ext4/ext4.h: from now on nothing reaches the disk, not even
// what waits in the journal. Node has no ioctl.
const request = 0x8004587d
const noLogFlush = 2
// They open the disk, and nothing else than a disk of its own, and wait for the word, so that the power goes at once then.
const shutdowns: ReadonlyArray<readonly [program: string, ...args: string[]]> = [
  [
    'perl',
    '-e',
    `open(F, "<", $ARGV[0]) or die $!;
    die "no disk of its own" if (stat(F))[0] == (stat("$ARGV[0]/.."))[0];
    exit 1 unless (<STDIN> // "") eq "cut\\n";
    my $flags = pack("L", ${noLogFlush});
    ioctl(F, ${request}, $flags) or die $!`
  ],
  [
    'python3',
    '-c',
    `import fcntl, os, struct, sys
disk = os.open(sys.argv[1], os.O_RDONLY)
if os.fstat(disk).st_dev == os.stat(sys.argv[1] + "/..").st_dev: sys.exit("no disk of its own")
if sys.stdin.readline() != "cut\\n": sys.exit(1)
fcntl.ioctl(disk, ${request}, struct.pack("I", ${noLogFlush}))`
  ]
]

/** An ext4 in a file, which loses its power when it is told to. Needs root, loop devices, and perl or python3. */
export class LoopDisk {
  /** Where it is mounted. */
  readonly path: string
  readonly #image: string
  readonly #shutdown: readonly [string, ...string[]]
  #switch: ChildProcess | undefined

  constructor(folder: string) {
    this.path = join(folder, 'disk')
    this.#image = join(folder, 'image')
    mkdirSync(this.path, { recursive: true })
    const found = shutdowns.find(([program]) => spawnSync(program, ['--version']).error === undefined)
    if (found === undefined) throw new Error('there is neither perl nor python3')
    this.#shutdown = found
  }

  /** Why this computer has no such disks, if it has not. */
  static async whyNot(folder: string): Promise<string | undefined> {
    try {
      const disk = new LoopDisk(folder)
      try {
        disk.format()
        disk.mount()
        await disk.switch().cutPower()
      } finally {
        disk.remove()
      }
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }

  /** Makes it anew, empty. */
  format(): void {
    closeSync(openSync(this.#image, 'w'))
    truncateSync(this.#image, megabytes * 1024 * 1024)
    command('mkfs.ext4', '-q', '-F', this.#image)
  }

  mount(options = 'defaults'): void {
    command('mount', '-o', `loop,${options}`, this.#image, this.path)
  }

  unmount(): void {
    command('umount', this.path)
  }

  /** What cuts its power, at once. To be made before, while it is mounted. */
  switch(): { cutPower(): Promise<void> } {
    const [program, ...args] = this.#shutdown
    const child = spawn(program, [...args, this.path], { stdio: ['pipe', 'ignore', 'pipe'] })
    this.#switch = child
    let errors = ''
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()))
    child.stdin.on('error', () => {})
    return {
      async cutPower() {
        const end = once(child, 'close')
        child.stdin.end('cut\n')
        const [code] = (await end) as [number | null]
        if (code !== 0) throw new Error(`${program}: ${errors}`)
      }
    }
  }

  /** Leaves nothing of it. */
  remove(): void {
    this.#switch?.kill('SIGKILL')
    spawnSync('umount', ['--lazy', this.path])
    rmSync(this.#image, { force: true })
  }
}

function command(...[program, ...args]: readonly [string, ...string[]]): void {
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (error !== undefined) throw new Error(`${program}: ${error.message}`)
  if (status !== 0) throw new Error(`${program} ${args.at(-1)}: ${stderr.trim()}`)
}
