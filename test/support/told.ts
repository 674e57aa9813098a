import { type SinonStub, stub } from 'sinon'

/** What is written to standard error, in place of writing it, in each test of this file: a text for each write. */
export function told(): string[] {
  const texts: string[] = []
  let write: SinonStub
  beforeEach(() => {
    texts.length = 0
    write = stub(process.stderr, 'write').callsFake(text => (texts.push(String(text)), true))
  })
  afterEach(() => write.restore())
  return texts
}
