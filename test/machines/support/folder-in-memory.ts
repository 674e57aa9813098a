import type { Disk, DiskFile, FolderItem } from '../../../lib/storage/file/disk.ts'
import { memoryFile } from '../../storage/file/memory-file.ts'

/** A folder that is only read: its files, by name. Their bytes may be changed in place. */
export class FolderInMemory implements Disk {
  readonly path = '/in-memory'
  readonly files: Map<string, Buffer>

  constructor(files: Map<string, Buffer>) {
    this.files = files
  }

  async realPath(path: string): Promise<string> {
    return path
  }

  async list(): Promise<FolderItem[]> {
    return [...this.files.keys()].map(name => ({ name, kind: 'file' }))
  }

  async openForReading(path: string): Promise<DiskFile> {
    const bytes = this.files.get(path.slice(this.path.length + 1))
    if (bytes === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
    return memoryFile(bytes)
  }

  makeFolder = refuse
  openForWriting = refuse
  create = refuse
  rename = refuse
  remove = refuse
  syncFolder = refuse
  lock = refuse
}

async function refuse(): Promise<never> {
  throw new Error('This folder is only read.')
}
