/** Rows of the catalogue that have no test, and why. */
export const rowsWithoutTest: Readonly<Record<string, string>> = {
  E60: 'later: a success predicate that reads the body of an answer',
  E61: 'later: the items of a 207',
  E63: 'later: following redirects is not offered, so that there is nothing to follow wrongly (E62)',
  C09: 'later: policies of the addresses that may be sent to',
  C10: 'later: policies of the addresses that may be sent to',
  C11: 'later: following redirects is not offered',
  C12: 'later: policies of the addresses that may be sent to'
}
