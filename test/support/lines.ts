/** Lines as text, for comparing. */

import type { Line } from '../../src/source/line-splitter.ts'

export type TextLine =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly tooLong: true }

/** The line with its bytes read as UTF-8. */
export function textLine(line: Line): TextLine {
  if ('tooLong' in line) return line
  return { number: line.number, text: line.bytes.toString('utf8', line.start, line.end) }
}
