/** Cuts the bytes of a part into lines, never holding more of one than the limit (semantics §2.1). */

/**
 * A line as a range of bytes, or the place of one above the limit. `number` counts physical lines from 1. At `end`
 * stands a line feed, or a return and a line feed: a reader of the range meets its end without counting.
 */
export type Line =
  | { readonly number: number; readonly bytes: Buffer; readonly start: number; readonly end: number }
  | { readonly number: number; readonly tooLong: true }

const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
/** Bytes that may stand around a line without being of it: a byte-order mark before, a return after. */
const MARGIN = 4

/**
 * Cuts chunk by chunk; only a line that straddles two chunks is copied. Blank lines are no lines but are counted; a
 * byte-order mark at the very start is stripped; `\r\n` ends a line like `\n`; the last line needs no end.
 */
export class LineSplitter {
  readonly #maxLineBytes: number
  #number = 1
  /** The pieces of the line that the chunk's end cut through. */
  #pieces: Uint8Array[] = []
  #bytes = 0
  #tooLong = false

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes
  }

  /** The lines that end in this chunk. The chunk must not be written to again. */
  push(chunk: Uint8Array): Line[] {
    const bytes = asBuffer(chunk)
    const lines: Line[] = []
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      if (this.#bytes === 0 && !this.#tooLong) this.#finish(lines, bytes, start, end)
      else this.#finishCut(lines, bytes.subarray(start, end))
      start = end + 1
    }
    this.#keep(bytes.subarray(start))
    return lines
  }

  /** The last line, where it has no end. */
  end(): Line[] {
    const lines: Line[] = []
    this.#finishCut(lines, new Uint8Array())
    return lines
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

  #finishCut(lines: Line[], piece: Uint8Array): void {
    this.#keep(piece)
    const whole = Buffer.concat([...this.#pieces, END])
    const tooLong = this.#tooLong
    this.#pieces = []
    this.#bytes = 0
    this.#tooLong = false
    if (tooLong) lines.push({ number: this.#number++, tooLong })
    else this.#finish(lines, whole, 0, whole.length - 1)
  }

  /** Ends the line of this range, which is followed by its line end. */
  #finish(lines: Line[], bytes: Buffer, from: number, to: number): void {
    const number = this.#number++
    const marked = number === 1 && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf
    const start = marked && to - from >= 3 ? from + 3 : from
    const end = to > start && bytes[to - 1] === RETURN ? to - 1 : to
    if (end - start > this.#maxLineBytes) lines.push({ number, tooLong: true })
    // Only a line that begins with a blank can be blank.
    else if ((bytes[start] ?? 0) > SPACE || bytes.toString('utf8', start, end).trim() !== '')
      lines.push({ number, bytes, start, end })
  }
}

const END = Buffer.from('\n')

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
