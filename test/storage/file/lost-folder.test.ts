import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { Delivery } from '../../../lib/delivery.ts'
import { StorageError } from '../../../lib/errors.ts'
import { FileStorage } from '../../../lib/storage/file-storage.ts'
import { textsIn } from '../../support/deliveries.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { damageNotices } from './notices.ts'

const delivery = (record: string): Delivery => new Delivery([record], { url: 'http://127.0.0.1:9/' })

describe('The folder of a FileStorage that is taken away while it is written to', () => {
  const folder = temporaryFolder()
  const notices = damageNotices()

  for (const [how, takeAway] of [
    ['deleted', (path: string) => rm(path, { recursive: true })],
    ['renamed', (path: string) => rename(path, `${path}-elsewhere`)]
  ] as const) {
    for (const sync of [true, false]) {
      it(`T02 takes nothing more once it is ${how}${sync ? '' : ', also without a sync'}, and says so`, async () => {
        const path = folder()
        const storage = new FileStorage({ path })
        const write = (record: string): Promise<unknown> => storage.journal([delivery(record)], { sync })
        await write('before')
        await takeAway(path)
        const error: unknown = await write('after').catch((reason: unknown) => reason)
        expect(error).to.be.instanceOf(StorageError).and.to.have.property('retryable', false)
        expect((error as Error).message)
          .to.include(path)
          .and.to.include('is not there any more')
        await storage.close()
      })
    }
  }

  it('T02 goes on in a new segment when only a segment was deleted', async () => {
    const path = folder()
    const storage = new FileStorage({ path })
    await storage.append([delivery('before')])
    for (const name of await readdir(path)) if (name.endsWith('.segment')) await rm(join(path, name))
    await storage.append([delivery('after')])
    await storage.close()
    expect(await textsIn(new FileStorage({ path }))).to.deep.equal(['after'])
    expect(notices.map(({ reason }) => reason)).to.deep.equal(['segment 1 is missing'])
  })

  it('T02 goes on when there is such a folder again', async () => {
    const path = folder()
    const storage = new FileStorage({ path })
    await storage.append([delivery('before')])
    await rename(path, `${path}-elsewhere`)
    await mkdir(path)
    await storage.append([delivery('after')])
    await storage.close()
    expect(await textsIn(new FileStorage({ path }))).to.deep.equal(['after'])
    expect(await textsIn(new FileStorage({ path: `${path}-elsewhere` }))).to.deep.equal(['before'])
  })
})
