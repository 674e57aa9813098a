import { expect } from 'chai'
import { StorageError } from '../../../lib/errors.ts'
import { loadDriver } from '../../../lib/storage/remote/driver.ts'

describe('loadDriver', () => {
  it('gives the module', async () => {
    expect(await loadDriver('file', 'path', () => import('node:path'))).to.have.property('join')
  })

  it('says what to install when the package is not there', async () => {
    const name = 'a-package-that-nobody-has'
    const error = await loadDriver('mysql', name, () => import(name)).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(StorageError)
    expect(error).to.include({ code: 'SPW_ERR_STORAGE', retryable: false })
    expect((error as Error).message).to.equal(`The storage "mysql" needs the package ${name}: npm install ${name}`)
  })

  it('says that the package cannot be loaded when it is there and broken', async () => {
    const error = await loadDriver('mysql', 'mysql2', () => Promise.reject(new SyntaxError('x'))).catch((e: Error) => e)
    expect(error).to.have.property('message').that.includes('cannot be loaded')
  })
})
