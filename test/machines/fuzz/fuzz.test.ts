import { seededRandom } from '../../support/fault.ts'
import { damageNotices } from '../../storage/file/notices.ts'
import { Machine } from '../support/machine.ts'
import * as fileFormats from './file-formats.ts'
import type { Chance } from './mutations.ts'
import * as requests from './requests.ts'

const targets: Readonly<Record<string, (chance: Chance) => Promise<void> | void>> = {
  segments: fileFormats.segments,
  'lines of segments': fileFormats.strangeLines,
  'removal logs': fileFormats.removalLogs,
  'file headers': fileFormats.headers,
  envelopes: fileFormats.storedEnvelopes,
  'keys of envelopes': fileFormats.keys,
  'lock files': fileFormats.locks,
  'values of StreamPark': fileFormats.streamParkValues,
  'Retry-After': requests.retryAfters,
  URLs: requests.urlParts,
  'queries of URLs': requests.urlRecords,
  headers: requests.headerChecks,
  'sets of statuses': requests.statusSets,
  configurations: requests.configurations
}

describe('fuzz', () => {
  damageNotices()

  for (const [name, target] of Object.entries(targets)) {
    it(`fuzz, ${name}: takes anything without a crash, and takes nothing for what it is not`, async function () {
      this.timeout(3_600_000)
      const machine = new Machine(`fuzz, ${name}`, import.meta.url)
      const cases = machine.cases(20_000, 1_000_000)
      await machine.each(cases, async index => target(seededRandom(machine.seedOf(index))))
      machine.tell({ inputs: cases })
    })
  }
})
