import './seeded-names.ts'
import './without-sync.ts'
import type { Storage } from '../../../lib/storage/storage.ts'
import { seededRandom } from '../../support/fault.ts'
import { say } from '../../support/say.ts'
import { Life } from './life.ts'
import { smallStorage, subjectNamed, type Survives } from './subject.ts'

// A process that uses a subject and says what it does, to be stopped at any moment:
// `worker SUBJECT kill|power PATH SEED LIVES STEPS`. `LIVES` may be Infinity.

const [name = '', survives = '', path = '', seed = '', lives = '', steps = ''] = process.argv.slice(2)
const subject = subjectNamed(name)
const create = (): Storage => subject.over(smallStorage(path), survives as Survives)
const life = new Life(`w${seed}`, subject, create, say, seededRandom(Number(seed)))

say('started')
for (let left = Number(lives); left > 0; left--) await life.run(Number(steps))
say('done')
