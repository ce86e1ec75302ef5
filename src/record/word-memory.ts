/** Memory that is read in bytes and moved in words, which take less to move than what a `Buffer` does to copy its bytes. */

import { ALIGNMENT } from './entry-layout.ts'

/** The same memory twice, from its first byte on. */
export interface WordMemory {
  readonly bytes: Buffer<ArrayBuffer>
  /** Of four bytes each. */
  readonly words: Int32Array<ArrayBuffer>
}

export const WORD_BYTES = 4

/** Where the next thing may begin that is behind so many bytes. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}

/** So many bytes in words, those up to the next thing with them. */
export function wordsOf(bytes: number): number {
  return aligned(bytes) / WORD_BYTES
}

/** All of a buffer; without one a new one of so many bytes at least. */
export function wordMemory(of: number | ArrayBuffer): WordMemory {
  const buffer = typeof of === 'number' ? new ArrayBuffer(aligned(of)) : of
  return { bytes: Buffer.from(buffer), words: new Int32Array(buffer) }
}

/** Places and the count are in words. */
export function copyWords(from: Int32Array, fromAt: number, to: Int32Array, toAt: number, count: number): void {
  to.set(from.subarray(fromAt, fromAt + count), toAt)
}
