import fc from 'fast-check'
import { Delivery } from '../../lib/delivery.ts'
import { answered } from './manual-sender.ts'

const hostile = fc.constantFrom(
  ...['', 'a', '"', '\\', '\\"', '\ud800', '\udc00x', 'grün', '😀', '\u0000', '\n', '\u2028', '__proto__'],
  ...[',"records":["x"]', '],"method":"POST"', '","version":2,"acceptedAt":3', '{"v":1,"id":"', 'x'.repeat(10_000)]
)
const text = fc.oneof(hostile, fc.string({ unit: 'binary' }), fc.string())
const header = fc.dictionary(fc.constantFrom('a', 'x-b', '1', '__proto__', 'records', 'method'), text, { maxKeys: 2 })
const error = fc.constantFrom(answered(503), answered(400), answered(503, { 'retry-after': '1000' }))

/** A delivery of any texts and numbers, tried or not. */
export const anyDelivery: fc.Arbitrary<Delivery> = fc
  .record({
    id: text,
    version: fc.nat(3),
    acceptedAt: fc.oneof(fc.nat(), fc.constantFrom(0, 1.5, 2 ** 53, 1e21, -1)),
    method: fc.constantFrom('POST', 'PUT'),
    url: fc.oneof(fc.constant('http://h/a'), text),
    headers: fc.oneof(fc.constant({}), header),
    records: fc.array(
      fc.oneof(
        text,
        fc.uint8Array().map(bytes => Buffer.from(bytes))
      ),
      { maxLength: 3 }
    ),
    priorAttempts: fc.nat(2),
    error: fc.option(error, { nil: undefined })
  })
  .map(({ records, error, url, ...init }) => {
    const { target } = new Delivery([])
    const delivery = new Delivery(records, init, { ...target, url, method: init.method, headers: init.headers })
    return error === undefined ? delivery : delivery.failed(error)
  })
