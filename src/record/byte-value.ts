/** What the JSON that an item of a content stands as means: a set, an attribute. Where it is plain, `assembly/made.ts` knows. */

import { type ChoiceText, choiceText } from '../consent/choice.ts'
import { canonicalJson } from '../consent/state.ts'
import { isStorable } from './attributes.ts'
import { textAt } from './byte-text.ts'
import { parseItems } from './statements.ts'

/** The choice text of the set in the JSON string of this range, its quotes included (semantics §2.6). */
export function setTextAt(bytes: Buffer, start: number, end: number): ChoiceText {
  return choiceText(parseItems(textAt(bytes, start, end)))
}

/** The canonical JSON of an attribute's JSON in this range; `undefined` for a value that cannot be stored. */
export function attributeJsonAt(bytes: Buffer, start: number, end: number): string | undefined {
  const value: unknown = JSON.parse(bytes.toString('utf8', start, end))
  return isStorable(value) ? canonicalJson(value) : undefined
}
