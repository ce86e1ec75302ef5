/** JSON written as bytes: what a state's text is made of, without a string for each piece of it. */

import { grown } from './grown.ts'
import { BACKSLASH, MINUS, QUOTE, ZERO } from './json-byte.ts'

/** Shorter ranges are copied faster byte by byte than by a call out of the engine. */
const SHORT = 48

export class TextBytes {
  bytes: Buffer = Buffer.allocUnsafe(64 * 1024)
  length = 0

  byte(byte: number): void {
    this.#need(1)
    this.bytes[this.length] = byte
    this.length += 1
  }

  copy(source: Buffer): void {
    const count = source.length
    this.#need(count)
    const { bytes, length } = this
    if (count > SHORT) source.copy(bytes, length)
    else for (let at = 0; at < count; at += 1) bytes[length + at] = source[at] as number
    this.length = length + count
  }

  /** Writes once more what stands between two places. */
  again(start: number, end: number): void {
    this.#need(end - start)
    this.bytes.copyWithin(this.length, start, end)
    this.length += end - start
  }

  /** A number as JSON. */
  number(value: number): void {
    if (Number.isSafeInteger(value)) this.#integer(value)
    else this.text(JSON.stringify(value))
  }

  text(text: string): void {
    // Three bytes at most for each unit of UTF-16.
    this.#need(text.length * 3)
    this.length += this.bytes.write(text, this.length, 'utf8')
  }

  /** A text as a JSON string, the same as `JSON.stringify`. */
  quoted(text: string): void {
    this.#need(2 + text.length * 2)
    const { bytes } = this
    let at = this.length
    bytes[at++] = QUOTE
    for (let index = 0; index < text.length; index += 1) {
      const unit = text.charCodeAt(index)
      if (unit < 0x20 || unit > 0x7e) {
        this.text(JSON.stringify(text))
        return
      }
      if (unit === QUOTE || unit === BACKSLASH) bytes[at++] = BACKSLASH
      bytes[at++] = unit
    }
    bytes[at++] = QUOTE
    this.length = at
  }

  #integer(value: number): void {
    this.#need(20)
    let left = value
    if (left < 0) {
      this.byte(MINUS)
      left = -left
    }
    // Digits in halves that the engine divides as small integers.
    const upper = Math.floor(left / 1e8)
    const lower = left - upper * 1e8
    if (upper >= 1e8) this.#small(Math.floor(upper / 1e8), 0)
    if (upper > 0) this.#small(upper >= 1e8 ? upper % 1e8 : upper, upper >= 1e8 ? 8 : 0)
    this.#small(lower, upper > 0 ? 8 : 0)
  }

  /** An integer below 10⁸, with zeros in front up to so many places. */
  #small(value: number, places: number): void {
    let digits = 1
    for (let power = 10; power <= value; power *= 10) digits += 1
    const count = Math.max(digits, places)
    let left = value | 0
    for (let at = this.length + count - 1; at >= this.length; at -= 1) {
      const rest = (left / 10) | 0
      this.bytes[at] = ZERO + left - rest * 10
      left = rest
    }
    this.length += count
  }

  #need(count: number): void {
    this.bytes = grown(this.bytes, this.length, count)
  }
}
