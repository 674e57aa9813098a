import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Diagnostics } from '../../../lib/diagnostics.ts'

type DamageNotice = Diagnostics['spillway:storage-damaged']

/** The notices of damage that are published while a test of this suite runs. */
export function damageNotices(): DamageNotice[] {
  const notices: DamageNotice[] = []
  const note = (message: unknown): void => void notices.push(message as DamageNotice)
  beforeEach(() => {
    notices.length = 0
    subscribe('spillway:storage-damaged', note)
  })
  afterEach(() => {
    unsubscribe('spillway:storage-damaged', note)
  })
  return notices
}
