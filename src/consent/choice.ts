/** A choice as stated, and its text form: what `said` and `events` of a state are keyed by. */

/** A boolean, or for a `set` key the selected value ids, sorted by code unit and without repeats. */
export type Choice = boolean | readonly string[]

/** A choice as text: `true`, `false`, or the ids joined with `,` (an id never holds a comma: semantics §2.6). */
export type ChoiceText = string

/** Writes a choice as text. */
export function choiceText(choice: Choice): ChoiceText {
  return typeof choice === 'boolean' ? String(choice) : choice.join(',')
}

/** Sorts ids by code unit and drops repeats. */
export function setOf(ids: Iterable<string>): readonly string[] {
  return [...new Set(ids)].sort(byCodeUnit)
}

/** Reads a set's text. */
export function parseSet(text: ChoiceText): readonly string[] {
  return text === '' ? [] : text.split(',')
}

/** The order of text everywhere it matters: by code unit, the same on every machine and in every locale. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
