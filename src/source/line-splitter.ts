/** Cuts the bytes of a part into lines, never holding more of one than the limit (semantics §2.1). */

import { type Ahead, nothingAhead } from '../record/ahead.ts'
import { LINE_FEED, SPACE } from '../record/json-byte.ts'

/**
 * A line as a range of bytes, or the place of one above the limit. `number` counts physical lines from 1. At `end`
 * stands a line feed, or a return and a line feed: a reader of the range meets its end without counting.
 */
export type Line =
  | { readonly number: number; readonly bytes: Buffer; readonly start: number; readonly end: number }
  | { readonly number: number; readonly tooLong: true }

/**
 * Reads whole lines of a chunk ahead of the splitter, from `start` on, as many as it likes: answers the place behind
 * them, and how many they were. The range ends behind a line feed.
 */
export type ReadAhead = (bytes: Buffer, start: number, end: number, number: number) => Ahead

const RETURN = 0x0d
/** Bytes that may stand around a line without being of it: a byte-order mark before, a return after. */
const MARGIN = 4

/**
 * Cuts chunk by chunk; only a line that straddles two chunks is copied. Blank lines are no lines but are counted; a
 * byte-order mark at the very start is stripped; `\r\n` ends a line like `\n`; the last line needs no end.
 */
export class LineSplitter {
  readonly #maxLineBytes: number
  readonly #readAhead: ReadAhead
  #number = 1
  /** The pieces of the line that the chunk's end cut through. */
  #pieces: Uint8Array[] = []
  #bytes = 0
  #tooLong = false

  /** @param readAhead is asked at the beginning of every line that lies whole in its chunk */
  constructor(maxLineBytes: number, readAhead: ReadAhead = (_, start) => nothingAhead(start)) {
    this.#maxLineBytes = maxLineBytes
    this.#readAhead = readAhead
  }

  /**
   * The lines that end in this chunk, but for those that are read ahead; to be taken before the next chunk is pushed.
   * The chunk must not be written to again.
   */
  *push(chunk: Uint8Array): Iterable<Line> {
    const bytes = asBuffer(chunk)
    const wholeEnd = bytes.lastIndexOf(LINE_FEED) + 1
    let start = 0
    while (start < wholeEnd) {
      const isCut = this.#bytes > 0 || this.#tooLong
      // Only a line that begins with a blank can be blank: nobody reads that ahead.
      if (!isCut && (bytes[start] as number) > SPACE) {
        const { at, lines } = this.#readAhead(bytes, start, wholeEnd, this.#number)
        this.#number += lines
        start = at
        if (start >= wholeEnd) break
      }
      const end = bytes.indexOf(LINE_FEED, start)
      const line = isCut ? this.#finishCut(bytes.subarray(start, end)) : this.#finish(bytes, start, end)
      if (line !== undefined) yield line
      start = end + 1
    }
    this.#keep(bytes.subarray(wholeEnd))
  }

  /** The last line, where it has no end. */
  *end(): Iterable<Line> {
    const line = this.#finishCut(new Uint8Array())
    if (line !== undefined) yield line
  }

  #keep(piece: Uint8Array): void {
    if (this.#tooLong || piece.length === 0) return
    this.#bytes += piece.length
    if (this.#bytes <= this.#maxLineBytes + MARGIN) {
      this.#pieces.push(piece)
    } else {
      this.#tooLong = true
      this.#pieces = []
    }
  }

  #finishCut(piece: Uint8Array): Line | undefined {
    this.#keep(piece)
    const whole = Buffer.concat([...this.#pieces, END])
    const tooLong = this.#tooLong
    this.#pieces = []
    this.#bytes = 0
    this.#tooLong = false
    return tooLong ? { number: this.#number++, tooLong } : this.#finish(whole, 0, whole.length - 1)
  }

  /** The line of this range, which is followed by its line end; `undefined` for a blank one. */
  #finish(bytes: Buffer, from: number, to: number): Line | undefined {
    const number = this.#number++
    const marked = number === 1 && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf
    const start = marked && to - from >= 3 ? from + 3 : from
    const end = to > start && bytes[to - 1] === RETURN ? to - 1 : to
    if (end - start > this.#maxLineBytes) return { number, tooLong: true }
    if (end === start) return undefined
    const isBlank = (bytes[start] as number) <= SPACE && bytes.toString('utf8', start, end).trim() === ''
    return isBlank ? undefined : { number, bytes, start, end }
  }
}

const END = Buffer.from('\n')

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
