/** What a machine does. Its results are those whose names begin with its name. */
export interface MachineText {
  readonly name: string
  readonly folder: string
  readonly does: string
}

export const machineTexts: readonly MachineText[] = [
  {
    name: 'every call',
    folder: 'every-call',
    does: 'kills the process after each call that changes the disk, and lets each such call fail, one at a time, under strace; what was acknowledged is there afterwards, what was removed is not, and the next opening works'
  },
  {
    name: 'power loss',
    folder: 'power-loss',
    does: 'cuts the power of an ext4 (`EXT4_IOC_SHUTDOWN` without its log) while a process writes to it, again and again; a control run without fsync must lose'
  },
  {
    name: 'simulated disk',
    folder: 'simulated-disk',
    does: 'loses any unsynced sectors, lengths and names of a disk in memory at every moment of a life, kills with the power on in between; a control run on a disk that lies must lose'
  },
  {
    name: 'corruption',
    folder: 'corruption',
    does: 'flips each bit of a segment of 64 KiB and of a removal log, and cuts the segment at each byte'
  },
  {
    name: 'fuzz',
    folder: 'fuzz',
    does: 'feeds damaged and invented input to everything that reads: files, envelopes, locks, `Retry-After`, URLs, headers, configuration'
  },
  {
    name: 'remote answers',
    folder: 'remote-answers',
    does: 'lets WebHDFS, and a recorded HBase, ZooKeeper and Kafka, answer with changed bytes, numbers, lengths and errors, in part, or not at all: each call ends in time, with a result or an error that says what failed'
  },
  {
    name: 'model',
    folder: 'model',
    does: 'does random things to the whole pipeline, with a clock and a storage that do as they are told, beside a pure model that knows which attempts may be made and where each record must end'
  },
  {
    name: 'kill -9',
    folder: 'kill',
    does: 'kills runs and replays at random moments, again and again in the same folder; an oracle in another process judges'
  },
  {
    name: 'chaos',
    folder: 'chaos',
    does: 'sends through a proxy that delays, cuts, resets, drips and limits, with outages of the storage and kills on top'
  },
  {
    name: 'memory',
    folder: 'memory',
    does: 'runs against an endpoint that stalls within a limit of memory, and counts heap, listeners, timers and sockets after many retries'
  },
  {
    name: 'nets',
    folder: 'nets',
    does: 'puts bugs into a copy of the library, one at a time, and requires that the tests that must catch each of them do'
  }
]
