import { publish } from '../../diagnostics.ts'

export interface DamageNotice {
  /** The file. */
  readonly path: string
  readonly segment?: string
  readonly bytes?: number
  readonly reason: string
}

/** Says that a part of the storage is not as it was written. */
export function tellOfDamage({ path, reason, ...where }: DamageNotice): void {
  const warning = `A part of the storage is damaged: ${path}: ${reason}`
  publish('spillway:storage-damaged', { storage: 'file', path, reason, ...where }, warning)
}
