import { open } from 'node:fs/promises'

// Imported before the library: with `NO_SYNC` in the environment nothing is ever made durable, and nobody is told. A machine
// that finds nothing wrong with that proves nothing.
if (process.env.NO_SYNC === '1') {
  const file = await open('/dev/null')
  const nothing = async (): Promise<void> => {}
  Object.assign(Object.getPrototypeOf(file) as object, { sync: nothing, datasync: nothing })
  await file.close()
}
