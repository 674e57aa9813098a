import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { seededRandom } from '../../support/fault.ts'

// Imported before the library: with `NAMES` in the environment its random names are the same in every run, so that a call
// which was seen in one run can be found in the next.
const { NAMES } = process.env

if (NAMES !== undefined) {
  const random = seededRandom(Number(NAMES))
  const bytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => random() * 256))
  Object.assign(crypto, { randomBytes: bytes })
  syncBuiltinESMExports()
}
