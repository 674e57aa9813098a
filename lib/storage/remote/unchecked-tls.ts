/** Warns, at each start, that a storage does not check whom it speaks to. */
export function warnOfUncheckedTls(storage: string): void {
  const warning = `The storage "${storage}" takes any certificate: whoever is between can read and alter all.`
  process.emitWarning(warning, 'SpillwayWarning')
}
