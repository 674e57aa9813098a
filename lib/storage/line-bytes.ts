// What the lines of files are read by. A byte of a `Buffer` is looked at more quickly than a character of a text.

const zero = 0x30
const nine = 0x39
// Of numbers that are exact.
const mostDigits = 15

/** Whether these bytes stand there. */
export function isAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false
  return true
}

/** Where a number ends that is whole, not negative, and written as JSON has it; -1 where there is none of 15 digits at most. */
export function endOfNumber(bytes: Uint8Array, at: number): number {
  let end = at
  while (bytes[end]! >= zero && bytes[end]! <= nine) end++
  const digits = end - at
  return digits === 0 || digits > mostDigits || (digits > 1 && bytes[at] === zero) ? -1 : end
}

/** The number of the digits that stand there. */
export function numberIn(bytes: Uint8Array, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at++) number = number * 10 + bytes[at]! - zero
  return number
}
