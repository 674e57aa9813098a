import type { Ledger } from './ledger.ts'

interface Shared {
  readonly ledger: Ledger
  users: number
  closing: Promise<void> | undefined
}

const ledgers = new Map<string, Shared>()

/** The one ledger of this process for `key`, which is made when there is none. `giveBackLedger` it as often. */
export async function takeLedger(key: string, make: () => Promise<Ledger>): Promise<Ledger> {
  const made = await make()
  for (let before = ledgers.get(key); before?.closing !== undefined; before = ledgers.get(key)) await before.closing
  const shared = ledgers.get(key) ?? { ledger: made, users: 0, closing: undefined }
  ledgers.set(key, shared)
  shared.users++
  return shared.ledger
}

/** The last one closes it. */
export async function giveBackLedger(key: string): Promise<void> {
  const shared = ledgers.get(key)!
  if (--shared.users > 0) return
  shared.closing = shared.ledger.close().finally(() => ledgers.delete(key))
  await shared.closing
}
