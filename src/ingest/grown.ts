/** Buffers that grow with what is written to them. */

/** The buffer, or one with its first `length` bytes and room for so many more. */
export function grown(buffer: Buffer, length: number, more: number): Buffer {
  if (length + more <= buffer.length) return buffer
  const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, length + more))
  buffer.copy(larger, 0, 0, length)
  return larger
}
