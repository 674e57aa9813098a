/** Why it failed; `undefined` when it did not. */
export function failureOf(work: Promise<unknown>): Promise<Error | undefined> {
  return work.then(
    () => undefined,
    (error: Error) => error
  )
}
