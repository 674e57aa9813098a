/** What is lost at each level of durability: of what is acknowledged, what of a crash of the process and of the machine. */
export const durability: ReadonlyArray<readonly [level: string, acknowledged: string, process: string, machine: string]> = [
  ['no journal', '`write()` calls back once the record is accepted, in memory', 'what is not settled yet', 'what is not settled yet'],
  ['journal, `sync: group` (the default)', 'after an fsync, one for all that wait', 'nothing', 'nothing'],
  ['journal, `sync: always`', 'after an fsync of its own', 'nothing', 'nothing'],
  [
    'journal, `sync: interval`',
    'once it is written',
    'nothing',
    'what was written since the last fsync: that of up to `interval` milliseconds, and of the fsync that was under way'
  ],
  ['stored, `storage: file`', 'after an fsync of the file, and of its folder when the file is new', 'nothing', 'nothing'],
  [
    'stored, a remote storage',
    'when the server has acknowledged: a commit, `acks: -1`, a file that was closed and renamed',
    'nothing',
    'nothing of this machine; of the server’s what its own settings allow'
  ],
  ['`storage: none`, `console`', 'counts as abandoned', 'all of it', 'all of it']
]
