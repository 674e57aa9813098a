/** The message of whatever was thrown. It never throws itself: a user's code may throw something that has no text. */
export function messageOf(cause: unknown): string {
  try {
    return cause instanceof Error ? cause.message : String(cause)
  } catch {
    return 'something that has no text'
  }
}
