/** Cuts the bytes of a part into lines, never holding more of one than the limit (semantics §2.1). */

/** A line, or the place of one above the limit. `number` counts physical lines from 1. */
export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly tooLong: true }

const NEWLINE = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
/** Bytes that may stand around a line without being of it: a byte-order mark before, a return after. */
const MARGIN = 4

/**
 * Cuts chunk by chunk. Blank lines are no lines but are counted; a byte-order mark at the very start is stripped;
 * `\r\n` ends a line like `\n`; the last line needs no end; bytes that are not UTF-8 become U+FFFD.
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
    const lines: Line[] = []
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#add(chunk.subarray(start, end))
      this.#finish(lines)
      start = end + 1
    }
    this.#add(chunk.subarray(start))
    return lines
  }

  /** The last line, where it has no end. */
  end(): Line[] {
    const lines: Line[] = []
    this.#finish(lines)
    return lines
  }

  #add(piece: Uint8Array): void {
    if (this.#tooLong || piece.length === 0) return
    this.#bytes += piece.length
    if (this.#bytes <= this.#maxLineBytes + MARGIN) {
      this.#pieces.push(piece)
    } else {
      this.#tooLong = true
      this.#pieces = []
    }
  }

  #finish(lines: Line[]): void {
    const number = this.#number
    const line = this.#tooLong ? undefined : this.#body()
    if (line === undefined || line.length > this.#maxLineBytes) lines.push({ number, tooLong: true })
    else if (line.length > 0) {
      const text = line.toString('utf8')
      // Only a line that begins with a blank can be blank.
      if ((line[0] ?? 0) > SPACE || text.trim() !== '') lines.push({ number, text })
    }
    this.#number += 1
    this.#pieces = []
    this.#bytes = 0
    this.#tooLong = false
  }

  /** The line without byte-order mark and return. */
  #body(): Buffer {
    const [first] = this.#pieces
    const whole = this.#pieces.length === 1 && first !== undefined ? asBuffer(first) : Buffer.concat(this.#pieces)
    const marked = this.#number === 1 && whole[0] === 0xef && whole[1] === 0xbb && whole[2] === 0xbf
    const returned = whole.at(-1) === RETURN
    return whole.subarray(marked ? 3 : 0, returned ? -1 : undefined)
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
