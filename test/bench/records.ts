/** A record of about 200 bytes, a new object each time: what a source gives. */
export function record(id: number): object {
  return {
    id,
    user: `user-${id % 9973}`,
    event: 'checkout.completed',
    at: 1_700_000_000_000 + id,
    amount: (id % 10_000) / 100,
    currency: 'EUR',
    tags: ['web', 'returning', 'newsletter'],
    page: '/shop/checkout/thank-you?step=3'
  }
}

/** A record of `bytes` bytes. */
export function recordOf(bytes: number): (id: number) => object {
  const filling = 'x'.repeat(bytes - 40)
  return id => ({ id, filling: `${id}${filling}` })
}
