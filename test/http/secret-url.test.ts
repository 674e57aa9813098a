import { expect } from 'chai'
import { httpSettings } from '../../lib/http/options.ts'
import { Requests } from '../../lib/http/requests.ts'

describe('Requests with a configured URL that holds a secret', () => {
  it('sends the secret and does not store it', () => {
    const { target } = new Requests(httpSettings({ url: 'https://127.0.0.1/a?tenant=5&token=hunter2&sig=abc' })).admit(
      {}
    )
    expect(target.path).to.equal('/a?tenant=5&token=hunter2&sig=abc')
    expect(target.url).to.equal('https://127.0.0.1/a?tenant=5&token=***&sig=***')
  })

  it("leaves a record's own URL as it is, since a replay has no other", () => {
    const { target } = new Requests(httpSettings({})).admit('https://127.0.0.1/a?token=mine')
    expect(target.url).to.equal('https://127.0.0.1/a?token=mine')
  })
})
