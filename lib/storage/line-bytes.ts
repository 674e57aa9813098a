/** Bytes in which lines are, and a view of them, through which four are looked at at once. */
export interface LineBytes {
  readonly bytes: Buffer
  readonly view: DataView
}

const zero = 0x30
const nine = 0x39
// Of numbers that are exact.
const mostDigits = 15

/** A view of the same bytes. */
export const viewOf = ({ buffer, byteOffset, length }: Uint8Array): DataView => new DataView(buffer, byteOffset, length)

/** To read a line that stands in these bytes. */
export const lineBytes = (bytes: Buffer): LineBytes => ({ bytes, view: viewOf(bytes) })

/** What `isAt` looks for. */
export const wanted = (bytes: string | Uint8Array): DataView =>
  viewOf(Uint8Array.from(typeof bytes === 'string' ? Buffer.from(bytes) : bytes))

/** Whether these bytes stand there. Twice as quick as `Buffer.compare`, up to some hundred bytes: no call leaves JavaScript. */
export function isAt(view: DataView, at: number, bytes: DataView): boolean {
  const { byteLength } = bytes
  if (at < 0 || at + byteLength > view.byteLength) return false
  let i = 0
  for (; i + 4 <= byteLength; i += 4) if (bytes.getInt32(i, true) !== view.getInt32(at + i, true)) return false
  for (; i < byteLength; i++) if (bytes.getInt8(i) !== view.getInt8(at + i)) return false
  return true
}

/** Where a number ends that is whole, not negative, and written as JSON has it; -1 where there is none of 15 digits at most. */
export function endOfNumber(bytes: Uint8Array, at: number): number {
  let end = at
  while (bytes[end]! >= zero && bytes[end]! <= nine) end++
  const digits = end - at
  return digits === 0 || digits > mostDigits || (digits > 1 && bytes[at] === zero) ? -1 : end
}

/** Whether `endOfNumber` finds the end of this one. */
export const isPlainNumber = (number: number): boolean =>
  Number.isInteger(number) && number >= 0 && number < 10 ** mostDigits

/** The number of the digits that stand there. */
export function numberIn(bytes: Uint8Array, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at++) number = number * 10 + bytes[at]! - zero
  return number
}
