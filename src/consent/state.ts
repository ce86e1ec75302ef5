/** The state of one record: a join, so that order and repetition never matter (semantics §3). */

import type { JsonValue, UserRecord } from '../record/record.ts'
import { byCodeUnit, type ChoiceText, choiceText, parseSet } from './choice.ts'
import type { KeyText } from './key.ts'
import type { Instant } from './time.ts'

/** When a line said something: greater is newer. */
export type Stamp = readonly [asOf: Instant, version: number]

/** An event statement's span and id, in the order in which the greatest is kept. */
export type EventMark = readonly [hi: Instant, lo: Instant, id: string]

/** One value of an attribute with the greatest stamp that stated it. */
export type AttributeMark = readonly [asOf: Instant, version: number, json: string]

/**
 * Everything one Didomi user (device) is known to have said. Every part is a maximum, so `join` is commutative,
 * associative and idempotent. Maps, because ids come from outside and may be called `__proto__`.
 */
export interface State {
  /** By key and choice: the greatest stamp of a line that stated it. */
  readonly said: ReadonlyMap<KeyText, ReadonlyMap<ChoiceText, Stamp>>
  /** By key and choice: the event with the greatest (hi, lo, id). */
  readonly events: ReadonlyMap<KeyText, ReadonlyMap<ChoiceText, EventMark>>
  /** By name: the greatest mark of the two newest distinct values, newest first (the second dates the change). */
  readonly attributes: ReadonlyMap<string, readonly AttributeMark[]>
}

export type Mark = readonly (number | string)[]

/** Compares marks part by part; the first difference decides. */
export function compareMarks(a: Mark, b: Mark): number {
  for (const [index, part] of a.entries()) {
    const other = b[index]
    if (other === undefined || part === other) continue
    return part < other ? -1 : 1
  }
  return 0
}

/** The state that one record alone gives. */
export function stateOf({ asOf, version, statements, events, attributes }: UserRecord): State {
  const stamp: Stamp = [asOf, version]
  const said = new Map(statements.map(([key, choice]) => [key, new Map([[choiceText(choice), stamp]])]))
  const marked = new Map<KeyText, Map<ChoiceText, EventMark>>()
  for (const { hi, lo, id, statements: stated } of events) {
    for (const [key, choice] of stated) keepGreatest(choicesOf(marked, key), choiceText(choice), [hi, lo, id])
  }
  const values = new Map(
    attributes.map(([name, value]): [string, AttributeMark[]] => [name, [[asOf, version, canonicalJson(value)]]]),
  )
  return { said, events: pruneSets(marked), attributes: values }
}

function choicesOf<M>(marks: Map<KeyText, Map<ChoiceText, M>>, key: KeyText): Map<ChoiceText, M> {
  const known = marks.get(key)
  if (known !== undefined) return known
  const made = new Map<ChoiceText, M>()
  marks.set(key, made)
  return made
}

/** Joins two states of the same record: each part the greater of the two. */
export function join(a: State, b: State): State {
  return {
    said: pruneSets(joinMarks(a.said, b.said)),
    events: pruneSets(joinMarks(a.events, b.events)),
    attributes: joinAttributes(a.attributes, b.attributes),
  }
}

function keepGreatest<K, M extends Mark>(marks: Map<K, M>, key: K, mark: M): void {
  const known = marks.get(key)
  if (known === undefined || compareMarks(known, mark) < 0) marks.set(key, mark)
}

function joinMarks<M extends Mark>(
  a: ReadonlyMap<KeyText, ReadonlyMap<ChoiceText, M>>,
  b: ReadonlyMap<KeyText, ReadonlyMap<ChoiceText, M>>,
): Map<KeyText, Map<ChoiceText, M>> {
  const joined = new Map([...a].map(([key, byChoice]) => [key, new Map(byChoice)]))
  for (const [key, byChoice] of b) {
    const known = choicesOf(joined, key)
    for (const [choice, mark] of byChoice) keepGreatest(known, choice, mark)
  }
  return joined
}

/** Two distinct values are enough: a third is older than both and can only be named again with a newer stamp. */
const KEPT_ATTRIBUTE_VALUES = 2

function joinAttributes(a: State['attributes'], b: State['attributes']): Map<string, readonly AttributeMark[]> {
  const joined = new Map(a)
  for (const [name, marks] of b) joined.set(name, newestValues([...(a.get(name) ?? []), ...marks]))
  return joined
}

function newestValues(marks: readonly AttributeMark[]): readonly AttributeMark[] {
  const byValue = new Map<string, AttributeMark>()
  for (const mark of marks) keepGreatest(byValue, mark[2], mark)
  return [...byValue.values()].sort((x, y) => compareMarks(y, x)).slice(0, KEPT_ATTRIBUTE_VALUES)
}

/**
 * Drops the sets of a `set` key that no question can reach any more: a set counts only while, for some value id, it is
 * the newest that holds it or the newest that lacks it. What later maxima make irrelevant stays irrelevant, so this too
 * is a join (semantics §3); it bounds a state by the ids of its preferences, not by its history.
 */
function pruneSets<M extends Mark>(marks: Map<KeyText, Map<ChoiceText, M>>): Map<KeyText, Map<ChoiceText, M>> {
  for (const [key, byChoice] of marks) {
    if (key.startsWith('set/') && byChoice.size > 1) marks.set(key, newestSets(byChoice))
  }
  return marks
}

/** The sets of one key that some question can still reach. */
function newestSets<M extends Mark>(byChoice: ReadonlyMap<ChoiceText, M>): Map<ChoiceText, M> {
  const sets = [...byChoice].map(([text, mark]) => ({ text, mark, ids: new Set<string | undefined>(parseSet(text)) }))
  const kept = new Set<ChoiceText>()
  // `undefined` is a value id that no set holds: it is lacking in all of them.
  for (const id of new Set([undefined, ...sets.flatMap(({ ids }) => [...ids])])) {
    for (const holds of [true, false]) {
      const answering = sets.filter(({ ids }) => ids.has(id) === holds)
      const newest = latestOf(answering)
      for (const { text, mark } of answering) if (newest && compareMarks(mark, newest) === 0) kept.add(text)
    }
  }
  return new Map([...byChoice].filter(([text]) => kept.has(text)))
}

function latestOf<M extends Mark>(marked: readonly { readonly mark: M }[]): M | undefined {
  let newest: M | undefined
  for (const { mark } of marked) if (newest === undefined || compareMarks(mark, newest) > 0) newest = mark
  return newest
}

/** JSON with sorted member names: equal values are equal texts. */
export function canonicalJson(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value !== null && typeof value === 'object') {
    return canonicalObject(Object.entries(value).map(([name, member]) => [name, canonicalJson(member)]))
  }
  return JSON.stringify(value)
}

function canonicalObject(members: Iterable<readonly [name: string, json: string]>): string {
  const sorted = [...members].sort(([a], [b]) => byCodeUnit(a, b))
  return `{${sorted.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`
}

/** Writes a state as canonical JSON: equal states are equal texts, on any machine. */
export function stateText({ attributes, events, said }: State): string {
  const marks = (byKey: ReadonlyMap<KeyText, ReadonlyMap<ChoiceText, Mark>>) =>
    canonicalObject(
      [...byKey].map(([key, byChoice]) => [
        key,
        canonicalObject([...byChoice].map(([choice, mark]) => [choice, markJson(mark)])),
      ]),
    )
  return canonicalObject([
    [
      'attributes',
      canonicalObject([...attributes].map(([name, values]) => [name, `[${values.map(markJson).join(',')}]`])),
    ],
    ['events', marks(events)],
    ['said', marks(said)],
  ])
}

const markJson = (mark: Mark): string => `[${mark.map((part) => JSON.stringify(part)).join(',')}]`

interface StateJson {
  readonly attributes: Record<string, AttributeMark[]>
  readonly events: Record<KeyText, Record<ChoiceText, EventMark>>
  readonly said: Record<KeyText, Record<ChoiceText, Stamp>>
}

/** Reads what `stateText` wrote. The text comes from our own store and is trusted. */
export function parseState(text: string): State {
  const json = JSON.parse(text) as StateJson
  const marks = <M>(byKey: Record<KeyText, Record<ChoiceText, M>>) =>
    new Map(Object.entries(byKey).map(([key, byChoice]) => [key, new Map(Object.entries(byChoice))]))
  return { attributes: new Map(Object.entries(json.attributes)), events: marks(json.events), said: marks(json.said) }
}

/** Joins two state texts; equal texts are joined without reading them. */
export function joinTexts(old: string, added: string): string {
  return old === added ? old : stateText(join(parseState(old), parseState(added)))
}
