import { FileStorage } from '../../lib/storage/file-storage.ts'
import { storageContract } from '../../lib/testing.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('FileStorage', () => {
  const folder = temporaryFolder()
  const paths = new WeakMap<object, string>()

  function storageAt(path: string): FileStorage {
    const storage = new FileStorage({ path })
    paths.set(storage, path)
    return storage
  }

  storageContract('FileStorage', () => storageAt(folder()), { reopen: storage => storageAt(paths.get(storage)!) })
})
