import { expect } from 'chai'
import { Delivery } from '../../lib/delivery.ts'
import { httpSettings } from '../../lib/http/options.ts'
import { Requests } from '../../lib/http/requests.ts'

describe('Requests given a delivery that was read back', () => {
  const headers = (record: unknown) => ({ 'x-tenant': String((record as { tenant: string }).tenant) })

  it('calls a function of the record with the record, not with its text', () => {
    const requests = new Requests(httpSettings({ url: 'http://127.0.0.1/', headers }))
    expect(requests.targetOf(new Delivery(['{"tenant":"a"}'])).headers).to.include({ 'x-tenant': 'a' })
  })

  it('calls it with the text where the format has no other', () => {
    const requests = new Requests(
      httpSettings({ url: 'http://127.0.0.1/', format: 'text', headers: record => ({ 'x-line': String(record) }) })
    )
    expect(requests.targetOf(new Delivery(['5'])).headers).to.include({ 'x-line': '5' })
  })
})
