/**
 * The same bytes, as an answer for kafkajs to read, with a `slice` that throws a `RangeError` where there is nothing.
 *
 * kafkajs believes every length in an answer: one below zero takes it back to read the same again, and past the end it finds
 * empty texts, as many as it was told of.
 */
export function answerBytes(bytes: Buffer): Buffer {
  return new AnswerBytes(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length) as unknown as Buffer
}

class AnswerBytes extends Uint8Array<ArrayBuffer> {
  // What ends past the end is cut, as a last batch may be.
  override slice(start = 0, end = this.length): AnswerBytes {
    if (start < 0 || start > this.length || end < start) throw new RangeError('a length in the answer is none')
    return new AnswerBytes(this.buffer, this.byteOffset + start, Math.min(end, this.length) - start)
  }
}

// All that reads a Buffer finds here what it looks for.
Object.setPrototypeOf(AnswerBytes.prototype, Buffer.prototype as object)
