/** What Didomi has of a person: its exports, and what it was told since (semantics §11.3). Pure. */

import type { Choice } from '../consent/choice.ts'
import { type Key, keyText } from '../consent/key.ts'
import { overlay, overlaySets } from '../consent/overlay.ts'
import type { Events } from '../consent/statement.ts'
import { type Person, personSet, personStatement } from '../projection/person.ts'
import type { ToldStatement } from '../store/told.ts'
import type { Own } from './verdict.ts'

/** A person's statement of one key; a told one counts as said at its instant, as Didomi counts it. */
export function ownStatement(
  person: Person,
  key: Key,
  told: readonly ToldStatement[],
  events: Events,
): Own | undefined {
  const about = told.filter(({ person: id, state }) => id === person.id && state !== 'refused')
  if (key.kind === 'set') {
    const sets = about.flatMap(({ key: text, value, instant }) =>
      text === keyText(key) && typeof value !== 'boolean' ? [{ ids: value, lo: instant, hi: instant }] : [],
    )
    const set = overlaySets([...sets, ...present(personSet(person, [key], events))])
    return set && { value: set.ids, lo: set.lo, hi: set.hi }
  }
  const choices = about.flatMap((statement) => {
    const value = answerOf(statement, key)
    return value === undefined ? [] : [{ value, lo: statement.instant, hi: statement.instant }]
  })
  return overlay([...choices, ...present(personStatement(person, [key], events))])
}

const present = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value])

/** What a told statement says about a key; a told set answers for its values. */
function answerOf({ key: text, value }: { readonly key: string; readonly value: Choice }, key: Key) {
  if (typeof value === 'boolean') return text === keyText(key) ? value : undefined
  return key.kind === 'value' && text === keyText({ ...key, kind: 'set' }) ? value.includes(key.value) : undefined
}
