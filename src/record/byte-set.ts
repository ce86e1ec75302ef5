/** The choice text of a set, from the bytes of its comma-separated ids (semantics §2.6). */

import { byCodeUnit, type ChoiceText, choiceText } from '../consent/choice.ts'
import { BACKSLASH, COMMA, DELETE, SPACE } from '../consent/json-byte.ts'
import { textAt } from './byte-text.ts'
import { parseItems } from './statements.ts'

/** The set in the JSON string of this range, its quotes included; what `parseItems` would give. */
export function setTextAt(bytes: Buffer, start: number, end: number): ChoiceText {
  let before = COMMA
  for (let at = start + 1; at < end - 1; at += 1) {
    const byte = bytes[at] as number
    // A blank, an empty item, or a byte that needs decoding: the parser knows.
    if (byte <= SPACE || byte >= DELETE || byte === BACKSLASH || (byte === COMMA && before === COMMA))
      return choiceText(parseItems(textAt(bytes, start, end)))
    before = byte
  }
  const text = bytes.toString('latin1', start + 1, end - 1)
  if (!text.includes(',')) return text
  if (before === COMMA) return choiceText(parseItems(text))
  const items = text.split(',').sort(byCodeUnit)
  const repeated = items.some((item, index) => item === items[index + 1])
  return repeated ? choiceText(parseItems(text)) : items.join(',')
}
