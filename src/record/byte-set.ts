/** The choice text of a set, read from the bytes of its comma-separated ids (semantics §2.6). */

import { byCodeUnit, type ChoiceText, choiceText } from '../consent/choice.ts'
import { textAt } from './byte-text.ts'
import { parseItems } from './statements.ts'

const COMMA = 0x2c
const SPACE = 0x20
const BACKSLASH = 0x5c
const DELETE = 0x7f

/** The set in the JSON string of this range, its quotes included; the same as `parseItems` gives. */
export function setTextAt(bytes: Buffer, start: number, end: number): ChoiceText {
  let commas = 0
  let before = COMMA
  for (let at = start + 1; at < end - 1; at += 1) {
    const byte = bytes[at] ?? 0
    const usual = byte > SPACE && byte < DELETE && byte !== BACKSLASH && !(byte === COMMA && before === COMMA)
    if (!usual) return choiceText(parseItems(textAt(bytes, start, end)))
    if (byte === COMMA) commas += 1
    before = byte
  }
  if (before === COMMA && end - start > 2) return choiceText(parseItems(textAt(bytes, start, end)))
  const text = bytes.toString('latin1', start + 1, end - 1)
  if (commas === 0) return text
  const items = text.split(',').sort(byCodeUnit)
  for (let index = 1; index < items.length; index += 1) {
    if (items[index] === items[index - 1]) return choiceText(parseItems(text))
  }
  return items.join(',')
}
