import { HdfsStorage, type HdfsStorageOptions } from '../../../lib/storage/hdfs-storage.ts'
import { FakeWebHdfs } from '../../support/fake-web-hdfs.ts'

/** A fake of its own for each test of a suite, and storages on it, which are closed after the test. */
export class HdfsRig {
  fake = new FakeWebHdfs()
  readonly #opened: HdfsStorage[] = []
  #address = ''

  constructor() {
    beforeEach(async () => {
      this.fake = await new FakeWebHdfs().listen()
      this.#address = this.fake.address
    })

    afterEach(async () => {
      for (const storage of this.#opened.splice(0)) await storage.close()
      await this.fake.close()
    })
  }

  /** Where the fake is, or was when it is closed. */
  get address(): string {
    return this.#address
  }

  storage(options: Partial<HdfsStorageOptions> = {}): HdfsStorage {
    const storage = new HdfsStorage({ namenode: `http://${this.#address}`, path: '/failover', ...options })
    this.#opened.push(storage)
    return storage
  }
}
