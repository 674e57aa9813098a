import { expect } from 'chai'
import { isLong, Machine } from '../support/machine.ts'
import { type Bug, bugs, type Net } from './bugs.ts'
import { PatchedCopy, textOf, withBug } from './patched-copy.ts'

const nets = [...new Map(bugs.flatMap(bug => bug.nets).map(net => [net.join(), net])).values()]
const nameOf = ([file, title]: Net): string => (title === undefined ? file : `${file}, "${title}"`)

describe('the nets catch fish', () => {
  for (const bug of bugs) {
    it(`nets: finds the place of the bug "${bug.name}"`, () => {
      expect(withBug(textOf(bug.file), bug)).to.not.equal(textOf(bug.file))
    })
  }

  it('nets: says so when the place of a bug is not there any more', () => {
    const bug: Bug = { name: 'gone', file: 'lib/index.ts', was: 'what is not there', is: '', nets: [] }
    expect(() => withBug(textOf(bug.file), bug)).to.throw('"gone" replaces what stands 0 times in lib/index.ts')
  })

  // A minute and more of tests in copies of all this.
  if (!isLong) return

  it('nets: each bug is caught by each of its nets, and none without a bug', async function () {
    this.timeout(3_600_000)
    const machine = new Machine('nets', import.meta.url)
    const copy = new PatchedCopy()
    const torn = nets.filter(net => !passes(copy, net))
    expect(torn.map(nameOf), 'nets that fail, or test nothing, without a bug').to.deep.equal([])
    const escaped: string[] = []
    let caught = 0
    await machine.each(bugs.length, async index => {
      const bug = bugs[index]!
      const escapes = await copy.with(bug, async () => bug.nets.filter(net => !catches(copy, bug, net)))
      escaped.push(...escapes.map(net => `${bug.name}: ${nameOf(net)}`))
      if (escapes.length === 0) caught++
    })
    expect(escaped, 'bugs that a net let through').to.deep.equal([])
    machine.tell({ 'bugs put in': bugs.length, caught })
    copy.remove()
  })
})

function passes(copy: PatchedCopy, net: Net): boolean {
  const { failed, passed, skipped, output } = copy.run(net)
  const isWhole = failed.length === 0 && passed + skipped > 0
  if (!isWhole) console.log(`      ${nameOf(net)}: ${failed.join('; ')} ${output}`)
  return isWhole
}

/** Whether a net fails, because of a test that fails; one that this computer cannot run counts, if it is not the only one. */
function catches(copy: PatchedCopy, { name, nets }: Bug, net: Net): boolean {
  const { failed, passed, skipped, output } = copy.run(net)
  const isMissing = failed.length === 0 && passed === 0 && skipped > 0 && nets.length > 1
  console.log(
    `      ${name}: ${isMissing ? 'skipped' : (failed[0]?.split('\n')[0]?.slice(0, 160) ?? `NOT caught by ${nameOf(net)}`)}`
  )
  if (failed.length === 0 && passed === 0 && !isMissing) console.log(output)
  return failed.length > 0 || isMissing
}
