/** What persons state about a reading: overlay over places and records, then over the persons of one contact or slot. */

import type { Key } from '../consent/key.ts'
import { everybody, everybodysSet, newestAttribute, overlay, overlaySets } from '../consent/overlay.ts'
import { compareMarks, type Stamp, type State } from '../consent/state.ts'
import {
  type AttributeStatement,
  attributeOf,
  type Events,
  type SetStatement,
  type Statement,
  setStatementOf,
  statementOf,
} from '../consent/statement.ts'
import { SINCE_EVER } from '../consent/time.ts'

/** A person: all records that share one normalised OUID. */
export interface Person {
  readonly id: string
  readonly ouid: string
  readonly states: readonly State[]
}

/** `opt-out-wins`: everybody must say yes. `newest`: overlay (semantics §6.4). */
export type SharedAddress = 'opt-out-wins' | 'newest'

const stated = <T>(statement: T | undefined): T[] => (statement === undefined ? [] : [statement])

/** A person's yes or no: per key over the records, then over the keys. */
export function personStatement(person: Person, keys: readonly Key[], events: Events): Statement | undefined {
  return overlay(
    keys.flatMap((key) => stated(overlay(person.states.flatMap((state) => stated(statementOf(state, key, events)))))),
  )
}

/** A person's whole set. */
export function personSet(person: Person, keys: readonly Key[], events: Events): SetStatement | undefined {
  return overlaySets(
    keys.flatMap((key) =>
      key.kind === 'set'
        ? stated(
            overlaySets(
              person.states.flatMap((state) => stated(setStatementOf(state, key.purpose, key.preference, events))),
            ),
          )
        : [],
    ),
  )
}

/** A person's attribute. The OUID itself has been theirs for as long as anybody knows. */
export function personAttribute(person: Person, name: string): AttributeStatement | undefined {
  const newest = newestAttribute(person.states.flatMap((state) => stated(attributeOf(state, name))))
  if (name !== 'organization_user_id') return newest
  const stamps = person.states.flatMap((state) =>
    [...state.said.values()].flatMap((byChoice) => [...byChoice.values()]),
  )
  const stamp = stamps.reduce<Stamp>((a, b) => (compareMarks(b, a) > 0 ? b : a), [SINCE_EVER, -1])
  return { json: JSON.stringify(person.ouid), stamp, lo: SINCE_EVER, hi: stamp[0] }
}

/** The one value of several persons' statements. */
export function combine(statements: readonly Statement[], policy: SharedAddress): Statement | undefined {
  return policy === 'newest' ? overlay(statements) : everybody(statements)
}

/** The one set of several persons' sets. */
export function combineSets(statements: readonly SetStatement[], policy: SharedAddress): SetStatement | undefined {
  return policy === 'newest' ? overlaySets(statements) : everybodysSet(statements)
}
