import { damageIn, type Diagnostics, publish } from '../../diagnostics.ts'

/** The path is that of the file. */
export type DamageNotice = Omit<Diagnostics['spillway:storage-damaged'], 'storage'>

/** Says that the storage is not as it was written. */
export function tellOfDamage(notice: DamageNotice): void {
  const message = { storage: 'file', ...notice }
  publish('spillway:storage-damaged', message, `A ${damageIn(message)}`)
}
