import { randomBytes } from 'node:crypto'
import { HBaseAdmin } from './hbase-admin.ts'

/** Tables of a suite, which are dropped after it. */
export function tablesOf(address: () => string): { named(): string; emptied(): Promise<string>; admin(): HBaseAdmin } {
  const names = new Set<string>()
  let admin: HBaseAdmin | undefined
  let shared: string | undefined

  const theAdmin = (): HBaseAdmin => (admin ??= new HBaseAdmin(address()))
  const named = (): string => {
    const name = `spillway_${randomBytes(6).toString('hex')}`
    names.add(name)
    return name
  }

  after(async function () {
    this.timeout(60_000)
    const drops = [...names].map(name => theAdmin().drop(name))
    await Promise.allSettled(drops)
    admin?.close()
  })

  return {
    named,
    admin: theAdmin,
    // Making a table takes half a second, emptying one nothing.
    emptied: async () => {
      if (shared === undefined) return (shared = named())
      const table = theAdmin().table(shared)
      await table.remove(
        (await theAdmin().rows(shared)).map(({ key, cells }) => ({
          key,
          upTo: Math.max(...[...cells].map(([, { time }]) => time))
        }))
      )
      await table.close()
      return shared
    }
  }
}
