import { expect } from 'chai'
import { type Endpoint, startEndpoint } from '../../examples/support/endpoint.ts'

describe("The port of the examples' endpoint", () => {
  const { random } = Math
  const endpoints: Endpoint[] = []

  const start = async (port?: number): Promise<Endpoint> => {
    const endpoint = await startEndpoint(() => 200, port)
    endpoints.push(endpoint)
    return endpoint
  }

  afterEach(async () => {
    Math.random = random
    await Promise.all(endpoints.splice(0).map(endpoint => endpoint.close()))
  })

  it('is none that a system gives to a connection while the endpoint is down', async () => {
    // Linux gives those from 32,768 on, other systems those from 49,152 on.
    for (let i = 0; i < 20; i++) expect((await start()).port).to.be.within(1_024, 32_767)
  })

  it('is another one where somebody listens on it already', async () => {
    const draws = [0.5, 0.5, 0.25]
    Math.random = () => draws.shift() ?? random()
    const [one, other] = [await start(), await start()]
    expect(other.port).not.to.equal(one.port)
  })

  it('is the one that is asked for, or the error says why not', async () => {
    const one = await start()
    await one.close()
    endpoints.pop()
    expect((await start(one.port)).port).to.equal(one.port)
    const error = await startEndpoint(() => 200, one.port).catch((thrown: unknown) => thrown)
    expect(error).to.have.property('code', 'EADDRINUSE')
  })
})
